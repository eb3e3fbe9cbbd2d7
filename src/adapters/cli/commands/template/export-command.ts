import type { TemplateSink } from '../../../../application/template/export-template.js';
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

/** `pikaci template export`: a template as a file, or on standard output. */
export async function templateExportCommand(
  context: CliContext,
  which: string,
  file: string,
  options: HostOptions,
): Promise<number> {
  const { isTerminal, cwd, homeDir } = context.input;
  const isPiped = file === '-';
  if (isPiped && isTerminal.stdout) {
    complain(
      context,
      'standard output is a terminal, which a template is not for: name a file, or redirect it',
    );
    return EXIT.usage;
  }
  const path = absolutePath(file, { baseDir: cwd, homeDir });
  const sink: TemplateSink = isPiped ? { write: (data) => written(context, data) } : { file: path };
  const { signal } = context.interrupts;
  return await sayWhatStays(context, IMAGE_LEFT, () =>
    onHost(context, options, async (pikaci) => {
      const done = await pikaci.exportTemplate(which, sink, { signal });
      if (done.isErr()) return complainOfFault(context, done.error);
      const { name, key, bytes, sha256, imageLeft } = done.value;
      const what = `exported ${name} (${key.slice(0, SHORT_KEY)})`;
      const line = `${what}: ${formatBytes(bytes)}, sha256 ${sha256}${isPiped ? '' : `, to ${escapeLine(file)}`}\n`;
      (isPiped ? context.stderr : context.stdout).write(line);
      complainOfLeftImage(context, imageLeft);
      return EXIT.passed;
    }),
  );
}

async function written({ stdout }: CliContext, data: Uint8Array): Promise<void> {
  stdout.write(data);
  await stdout.drained();
  if (stdout.failure !== null) throw stdout.failure;
}
