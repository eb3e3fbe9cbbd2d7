import { join } from 'node:path';
import type { ReceivedHook } from '../../../../domain/hooks/webhook-receiver.js';
import { strictest } from '../../../../domain/values/trust.js';
import { loadConfig } from '../../config/load-config.js';
import { resolveSecrets } from '../../config/resolve-secrets.js';
import { type CliContext, complainOfBug } from '../../session/cli-context.js';
import { selectTarget } from '../select-target.js';
import type { StateOptions } from '../state-root.js';
import type { WaitingRun } from './hook-queue.js';

export interface EndForHook {
  /** In words. */
  readonly how: string;
  /** It came to be a run, with a record of how that ended; what did not may be sent again. */
  readonly hasRecord: boolean;
}

const notRun = (how: string): EndForHook => ({ how, hasRecord: false });

/**
 * One run that a webhook has asked for: the target of the server's configuration, in a fresh clone at that commit. What is from somebody else's
 * repository is not trusted.
 */
export async function runForHook(
  context: CliContext,
  options: StateOptions,
  { run, hook }: { readonly run: WaitingRun; readonly hook: ReceivedHook },
): Promise<EndForHook> {
  const { homeDir, repository } = context.input;
  const { signal } = context.interrupts;
  const { ref, commit } = run;
  try {
    const scratch = join(homeDir, '.cache', 'pikaci');
    const cloned = await repository.checkOut({ url: hook.config.url, ref, commit, scratch, signal });
    if (cloned.isErr()) return notRun(cloned.error);
    await using clone = cloned.value;
    return await runIn(context, options, { run, target: hook.config.target, workspace: clone.directory });
  } catch (error) {
    complainOfBug(context, error);
    return notRun('a bug');
  }
}

interface Wanted {
  readonly run: WaitingRun;
  readonly target: string;
  readonly workspace: string;
}

async function runIn(
  { input, interrupts }: CliContext,
  { config: file, configFrom, trust, stateRoot }: StateOptions,
  { run, target, workspace }: Wanted,
): Promise<EndForHook> {
  const { cwd, homeDir, env, repository } = input;
  const loaded = await loadConfig({
    cwd,
    homeDir,
    env,
    file,
    configFrom,
    trust: run.own ? trust : strictest(trust ?? 'trusted', 'untrusted'),
    repository,
    stateRoot,
    workspace,
    sendsWorkspace: true,
    needsFile: true,
  });
  if (loaded.isErr()) return notRun(loaded.error.message);
  const { config, baseDir } = loaded.value;
  const selected = selectTarget({ targets: config.targets, target, jobs: [] });
  if (selected.isErr()) return notRun(selected.error);
  const secrets = resolveSecrets({ loaded: loaded.value, env, ...selected.value });
  if (secrets.isErr()) return notRun(secrets.error.message);
  const created = input.createPikaci(config, { baseDir, workspace, env });
  if (created.isErr()) return notRun(created.error.message);
  const pikaci = created.value;
  try {
    const ran = await pikaci.runTarget({
      target,
      workspace,
      runId: run.run_id,
      branch: run.branch,
      secrets: secrets.value,
      signal: interrupts.signal,
      hurry: interrupts.hurry,
    });
    if (ran.isErr()) return notRun(ran.error.message);
    const { status, message } = ran.value.record;
    return { how: message ? `${status}: ${message}` : status, hasRecord: true };
  } finally {
    await pikaci.close();
  }
}
