import { err, ok, type Result } from 'neverthrow';
import type { RunStateFault } from '../../../application/records/run-state-fault.js';
import { type ConfigFault, configFault } from '../../../domain/config/config-fault.js';
import { strictest, type Trust } from '../../../domain/values/trust.js';
import { absolutePath } from '../config/config-paths.js';
import { SETTING_VARIABLES, trustOfEnvironment } from '../config/environment-settings.js';
import { findConfig } from '../config/find-config.js';
import { loadConfig } from '../config/load-config.js';
import { checkStateRoot } from '../config/refused-state-root.js';
import { jsonText } from '../output/json-text.js';
import { type CliContext, complain } from '../session/cli-context.js';
import { EXIT } from '../session/exit-code.js';

/** Options of the commands that read what is recorded, and need no host. */
export interface StateOptions {
  readonly config?: string;
  readonly configFrom?: string;
  readonly trust?: Trust;
  readonly stateRoot?: string;
}

/** As said by the option, the environment or the configuration, else `.pikaci` here; null after it was said what is wrong. */
export async function stateRootOrComplain(
  context: CliContext,
  options: StateOptions,
): Promise<string | null> {
  const found = await context.interrupts.before(() => stateRootOf(context, options));
  if (found.isOk()) {
    if (found.value.warning !== null) complain(context, found.value.warning);
    return found.value.stateRoot;
  }
  complain(context, found.error.message);
  return null;
}

interface FoundStateRoot {
  readonly stateRoot: string;
  /** What the person should know all the same. */
  readonly warning: string | null;
}

/** The same, with what is wrong as a value. */
export async function stateRootOf(
  { input: { cwd, homeDir, env, repository }, interrupts }: CliContext,
  options: StateOptions,
): Promise<Result<FoundStateRoot, ConfigFault>> {
  const configured = options.stateRoot ?? (env[SETTING_VARIABLES.stateRoot] || undefined);
  const { config: file, configFrom, trust } = options;
  if (configured === undefined) {
    const found = configFrom === undefined ? await findConfig({ cwd, homeDir, named: file }) : ok(true);
    if (found.isErr()) return err(found.error);
    if (found.value !== null) {
      const loaded = await loadConfig({
        cwd,
        homeDir,
        env,
        repository,
        cleanly: (work) => interrupts.cleanly(work),
        file,
        configFrom,
        trust,
        needsFile: true,
      });
      return loaded.map(({ config, warning }) => ({ stateRoot: config.stateRoot, warning }));
    }
  }
  const stateRoot = absolutePath(configured ?? '.pikaci', { baseDir: cwd, homeDir });
  const around = trustOfEnvironment(env);
  if (around.isErr()) return err(configFault(null, [around.error]));
  const posture = strictest(trust ?? 'trusted', around.value);
  const checked = await checkStateRoot(stateRoot, { repository, trust: posture });
  return checked.map((warning) => ({ stateRoot, warning })).mapErr((problem) => configFault(null, [problem]));
}

const USAGE: ReadonlySet<RunStateFault['kind']> = new Set([
  'invalid_id',
  'invalid_option',
  'no_such_run',
  'no_such_job',
  'no_such_step',
]);

/** Says what could not be had of the records, and gives the exit status. */
export function complainOfState(context: CliContext, fault: RunStateFault): number {
  complain(context, fault.message);
  if (fault.kind === 'aborted') return EXIT.cancelled;
  return USAGE.has(fault.kind) ? EXIT.usage : EXIT.systemFailure;
}

export function printJson(context: CliContext, document: unknown): void {
  context.stdout.write(`${jsonText(document, 2)}\n`);
}
