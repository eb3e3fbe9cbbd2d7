import { join } from 'node:path';
import type { ReceivedHook } from '../../../../domain/hooks/webhook-receiver.js';
import { resolveSecrets } from '../../config/resolve-secrets.js';
import { type CliContext, complainOfBug } from '../../session/cli-context.js';
import { selectTarget } from '../select-target.js';
import { because, notRun, runForServer, type ServedEnd } from '../serve/run-for-server.js';
import type { StateOptions } from '../state-root.js';
import type { WaitingRun } from './hook-queue.js';

/**
 * One run that a webhook has asked for: the target of the server's configuration, in a fresh clone at that commit. What is from somebody else's
 * repository is not trusted.
 */
export async function runForHook(
  context: CliContext,
  options: StateOptions,
  { run, hook }: { readonly run: WaitingRun; readonly hook: ReceivedHook },
): Promise<ServedEnd> {
  const { env, homeDir, repository } = context.input;
  const { signal, hurry } = context.interrupts;
  const { ref, commit } = run;
  const { url, target } = hook.config;
  try {
    const scratch = join(homeDir, '.cache', 'pikaci');
    const cloned = await repository.checkOut({ url, ref, commit, scratch, signal });
    if (cloned.isErr()) return notRun(cloned.error);
    await using clone = cloned.value;
    const workspace = clone.directory;
    return await runForServer(context, options, {
      trust: run.own ? 'trusted' : 'untrusted',
      workspace,
      run: async (pikaci, loaded) => {
        const selected = selectTarget({ targets: loaded.config.targets, target, jobs: [] });
        if (selected.isErr()) return because(selected.error);
        const secrets = resolveSecrets({ loaded, env, ...selected.value });
        if (secrets.isErr()) return because(secrets.error.message);
        return await pikaci.runTarget({
          target,
          workspace,
          runId: run.run_id,
          branch: run.branch,
          secrets: secrets.value,
          signal,
          hurry,
        });
      },
    });
  } catch (error) {
    complainOfBug(context, error);
    return notRun('a bug');
  }
}
