import { createReadStream } from 'node:fs';
import { absolutePath } from '../../config/config-paths.js';
import { escapeLine } from '../../output/escape-control.js';
import { formatBytes } from '../../output/quantities.js';
import { SHORT_KEY } from '../../output/template-lines.js';
import { type CliContext, complain } from '../../session/cli-context.js';
import { EXIT } from '../../session/exit-code.js';
import { sayWhatStays } from '../../session/say-what-stays.js';
import { complainOfFault, onHost } from '../machine/machine-session.js';
import type { HostOptions } from '../with-pikaci.js';
import { complainOfLeftImage, IMAGE_LEFT } from './left-image.js';

/** `pikaci template import`: a template of a file, or of what comes on standard input. */
export async function templateImportCommand(
  context: CliContext,
  file: string,
  options: HostOptions,
): Promise<number> {
  const { stdin, cwd, homeDir } = context.input;
  if (file === '-' && stdin.isTerminal) {
    complain(context, 'standard input is a terminal: name a file, or redirect it');
    return EXIT.usage;
  }
  const { signal } = context.interrupts;
  return await sayWhatStays(context, IMAGE_LEFT, () =>
    onHost(context, options, async (pikaci) => {
      const path = absolutePath(file, { baseDir: cwd, homeDir });
      const content = file === '-' ? stdin.read() : contentOf(path);
      const done = await pikaci.importTemplate(content, { signal });
      if (done.isErr()) return complainOfFault(context, done.error);
      const { name, key, instance, bytes, sha256, cached, isBaseHere, image, imageLeft } = done.value;
      const what = `${name} (${key.slice(0, SHORT_KEY)}, ${instance})`;
      const size = `${formatBytes(bytes)}, sha256 ${sha256}`;
      context.stdout.write(cached ? `${what} was there\n` : `imported ${what}: ${size}\n`);
      if (!isBaseHere) {
        const { alias, fingerprint } = image;
        const base = `${escapeLine(alias)} ${fingerprint.slice(0, SHORT_KEY)}`;
        const message = `warning: the template was made from the image ${base}, which that alias does not mean on this host: a run asks for another template here until it does`;
        complain(context, message);
      }
      complainOfLeftImage(context, imageLeft);
      return EXIT.passed;
    }),
  );
}

/** Opened when somebody reads it. */
async function* contentOf(path: string): AsyncGenerator<Uint8Array> {
  yield* createReadStream(path);
}
