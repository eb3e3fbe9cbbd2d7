import type { Pikaci } from '../../../application/api/pikaci.js';
import { quoteWord } from '../../../domain/values/shell-words.js';
import type { Trust } from '../../../domain/values/trust.js';
import { type LoadedConfig, loadConfig } from '../config/load-config.js';
import { within } from '../session/clean-up-wait.js';
import { type CliContext, complain } from '../session/cli-context.js';
import { EXIT } from '../session/exit-code.js';

/** Options of every command that talks to a host. */
export interface HostOptions {
  readonly config?: string;
  readonly configFrom?: string;
  readonly trust?: Trust;
  readonly host?: string;
  readonly stateRoot?: string;
  readonly workspace?: string;
}

/** These options once more, for a command that is to be pasted: where the machine was found, it is found again. */
export function withOptions(options: HostOptions): string {
  const { config, configFrom, trust, host, stateRoot } = options;
  const words = [
    ...(config === undefined ? [] : ['--config', config]),
    ...(configFrom === undefined ? [] : ['--config-from', configFrom]),
    ...(trust === undefined ? [] : ['--trust', trust]),
    ...(host === undefined ? [] : ['--host', host]),
    ...(stateRoot === undefined ? [] : ['--state-root', stateRoot]),
  ];
  return words.map((word) => ` ${quoteWord(word)}`).join('');
}

/** Backstop: `close` has its own timeout. */
const CLOSE_WAIT_MS = 60_000;

/** What a command does with the configuration. */
export interface ConfigUse {
  /** It is about targets; others can do with `--host` alone. */
  readonly needsFile?: boolean;
  /** Of those with `--workspace`: what they send when it is left out is the configuration's folder. */
  readonly sendsWorkspace?: boolean;
}

/** Loads the configuration; null after its problems were told. */
export async function loadOrComplain(
  context: CliContext,
  options: HostOptions,
  { needsFile = false, sendsWorkspace }: ConfigUse = {},
): Promise<LoadedConfig | null> {
  const { cwd, homeDir, env, repository } = context.input;
  const loaded = await context.interrupts.before(() =>
    loadConfig({
      cwd,
      homeDir,
      env,
      file: options.config,
      configFrom: options.configFrom,
      trust: options.trust,
      repository,
      cleanly: (work) => context.interrupts.cleanly(work),
      host: options.host,
      stateRoot: options.stateRoot,
      workspace: options.workspace,
      sendsWorkspace,
      needsFile,
    }),
  );
  if (loaded.isOk()) {
    if (loaded.value.warning !== null) complain(context, loaded.value.warning);
    return loaded.value;
  }
  complain(context, loaded.error.message);
  return null;
}

/** Opens the library for the loaded configuration, and closes it whatever happens in `use`, which gives the exit status. */
export async function withPikaci(
  context: CliContext,
  loaded: LoadedConfig,
  use: (pikaci: Pikaci) => Promise<number>,
): Promise<number> {
  const { env, createPikaci, clock } = context.input;
  const created = createPikaci(loaded.config, { baseDir: loaded.baseDir, workspace: loaded.workspace, env });
  if (created.isErr()) {
    complain(context, created.error.message);
    return EXIT.usage;
  }
  try {
    return await use(created.value);
  } finally {
    if (!(await within(created.value.close(), CLOSE_WAIT_MS, clock))) {
      complain(context, 'the connections did not close in time');
    }
  }
}
