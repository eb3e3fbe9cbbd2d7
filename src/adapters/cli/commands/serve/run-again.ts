import { configFault } from '../../../../domain/config/config-fault.js';
import type { RunRecord } from '../../../../domain/records/run-record.js';
import type { RunAgain } from '../../../../domain/target/run-actions.js';
import { strictest } from '../../../../domain/values/trust.js';
import { loadConfig } from '../../config/load-config.js';
import type { CliContext } from '../../session/cli-context.js';
import type { StateOptions } from '../state-root.js';

interface Again {
  readonly record: RunRecord;
  readonly how: RunAgain;
  /** Of the run that comes of it. */
  readonly runId: string;
}

/** Goes on with a recorded run, or runs it again, with the configuration as it is now. What was not trusted stays so. Gives how it ended, in words. */
export async function runAgain(
  { input, interrupts }: CliContext,
  { config: file, configFrom, trust, stateRoot }: StateOptions,
  { record, how, runId }: Again,
): Promise<string> {
  const { cwd, homeDir, env, repository } = input;
  const { signal, hurry } = interrupts;
  const loaded = await loadConfig({
    cwd,
    homeDir,
    env,
    file,
    configFrom,
    trust: strictest(trust ?? 'trusted', record.options?.trust ?? 'trusted'),
    repository,
    cleanly: (work) => interrupts.cleanly(work),
    stateRoot,
    needsFile: true,
  });
  if (loaded.isErr()) return loaded.error.message;
  const { config, baseDir, workspace } = loaded.value;
  // It sends the folder that was recorded, whichever this configuration would.
  const problems = await loaded.value.whyNotSent(record.source_root);
  if (problems.length > 0) return configFault(loaded.value.file, problems).message;
  const created = input.createPikaci(config, { baseDir, workspace, env });
  if (created.isErr()) return created.error.message;
  const pikaci = created.value;
  try {
    const only = how === 'rerun-failed' ? { only: { failed: true } as const } : {};
    const ran =
      how === 'resume'
        ? await pikaci.resume(record.run_id, { signal, hurry })
        : await pikaci.rerun(record.run_id, { runId, signal, hurry, ...only });
    if (ran.isErr()) return ran.error.message;
    const { status, message } = ran.value.record;
    return message ? `${status}: ${message}` : status;
  } finally {
    await pikaci.close();
  }
}
