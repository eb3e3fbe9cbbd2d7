import { configFault } from '../../../../domain/config/config-fault.js';
import type { RunRecord } from '../../../../domain/records/run-record.js';
import type { RunAgain } from '../../../../domain/target/run-actions.js';
import type { CliContext } from '../../session/cli-context.js';
import type { StateOptions } from '../state-root.js';
import { because, runForServer, type ServedEnd } from './run-for-server.js';

interface Again {
  readonly record: RunRecord;
  readonly how: RunAgain;
  /** Of the run that comes of it. */
  readonly runId: string;
}

/** Goes on with a recorded run, or runs it again. What was not trusted stays so. */
export function runAgain(
  context: CliContext,
  options: StateOptions,
  { record, how, runId }: Again,
): Promise<ServedEnd> {
  const { signal, hurry } = context.interrupts;
  return runForServer(context, options, {
    trust: record.options?.trust ?? 'trusted',
    run: async (pikaci, loaded) => {
      // It sends the folder that was recorded, whichever this configuration would.
      const problems = await loaded.whyNotSent(record.source_root);
      if (problems.length > 0) return because(configFault(loaded.file, problems).message);
      if (how === 'resume') return await pikaci.resume(record.run_id, { signal, hurry });
      const only = how === 'rerun-failed' ? { only: { failed: true } as const } : {};
      return await pikaci.rerun(record.run_id, { runId, signal, hurry, ...only });
    },
  });
}
