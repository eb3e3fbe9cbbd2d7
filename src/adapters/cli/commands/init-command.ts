import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CONFIG_NAMES } from '../config/find-config.js';
import { type CliContext, complain } from '../session/cli-context.js';
import { EXIT } from '../session/exit-code.js';
import { CONFIG_TEMPLATE } from './config-template.js';

export interface InitOptions {
  readonly force?: boolean;
}

/** `pikaci init`: writes a commented configuration into the current folder, and nothing over one that is there. */
export async function initCommand(context: CliContext, options: InitOptions): Promise<number> {
  const file = join(context.input.cwd, CONFIG_NAMES[0]);
  try {
    await writeFile(file, CONFIG_TEMPLATE, { flag: options.force === true ? 'w' : 'wx' });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') {
      complain(context, `${file} is there already; "pikaci init --force" replaces it`);
      return EXIT.usage;
    }
    complain(context, `cannot write ${file}: ${message}`);
    return EXIT.systemFailure;
  }
  context.stdout.write(
    [
      `Wrote ${file}.`,
      'Next: say in it which host to use, then',
      '  pikaci doctor   looks at the host and says what is missing',
      '  pikaci run      runs the job',
      '',
    ].join('\n'),
  );
  return EXIT.passed;
}
