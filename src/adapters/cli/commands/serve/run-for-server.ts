import { err, type Result } from 'neverthrow';
import type { Pikaci } from '../../../../application/api/pikaci.js';
import type { TargetRun } from '../../../../application/target/target-run.js';
import { strictest, type Trust } from '../../../../domain/values/trust.js';
import { type LoadedConfig, loadConfig } from '../../config/load-config.js';
import type { CliContext } from '../../session/cli-context.js';
import type { StateOptions } from '../state-root.js';

/** How something that a server was asked for has ended. */
export interface ServedEnd {
  /** In words. */
  readonly how: string;
  /** It came to be a run, with a record of how that ended; what did not may be asked for again. */
  readonly hasRecord: boolean;
}

export const notRun = (how: string): ServedEnd => ({ how, hasRecord: false });

export interface ServedRun {
  /** Never more than the server itself is given. */
  readonly trust: Trust;
  /** What is sent; the configuration's own where it is left out. */
  readonly workspace?: string;
  /** Error: why it cannot be done, in words. */
  run(pikaci: Pikaci, loaded: LoadedConfig): Promise<Result<TargetRun, { readonly message: string }>>;
}

/** One run in the process of a server, with its configuration as it is now. */
export async function runForServer(
  { input, interrupts }: CliContext,
  { config: file, configFrom, trust, stateRoot }: StateOptions,
  { trust: most, workspace, run }: ServedRun,
): Promise<ServedEnd> {
  const { cwd, homeDir, env, repository } = input;
  const loaded = await loadConfig({
    cwd,
    homeDir,
    env,
    file,
    configFrom,
    trust: strictest(trust ?? 'trusted', most),
    repository,
    cleanly: (work) => interrupts.cleanly(work),
    stateRoot,
    ...(workspace === undefined ? {} : { workspace, sendsWorkspace: true }),
    needsFile: true,
  });
  if (loaded.isErr()) return notRun(loaded.error.message);
  const { config, baseDir } = loaded.value;
  const created = input.createPikaci(config, { baseDir, workspace: loaded.value.workspace, env });
  if (created.isErr()) return notRun(created.error.message);
  try {
    const ran = await run(created.value, loaded.value);
    if (ran.isErr()) return notRun(ran.error.message);
    const { status, message } = ran.value.record;
    return { how: message ? `${status}: ${message}` : status, hasRecord: true };
  } finally {
    await created.value.close();
  }
}

export const because = (message: string) => err({ message });
