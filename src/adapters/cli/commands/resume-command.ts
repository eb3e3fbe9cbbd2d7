import type { OnAbort } from '../../../application/api/pikaci.js';
import { configFault } from '../../../domain/config/config-fault.js';
import { type CliContext, complain } from '../session/cli-context.js';
import { EXIT } from '../session/exit-code.js';
import { runTargetSession } from '../session/target-session.js';
import { makeView, type ViewOptions } from './make-view.js';
import { complainOfState } from './state-root.js';
import { type HostOptions, loadOrComplain, withOptions, withPikaci } from './with-pikaci.js';

export interface ResumeCommandOptions extends HostOptions, ViewOptions {
  readonly onInterrupt: OnAbort;
}

/** `pikaci resume`: goes on with a run whose runner is gone, and ends with its exit code. */
export async function resumeCommand(
  context: CliContext,
  runId: string,
  options: ResumeCommandOptions,
): Promise<number> {
  const { clock, runState } = context.input;
  const loaded = await loadOrComplain(context, options);
  if (loaded === null) return EXIT.usage;
  const { signal } = context.interrupts;
  const record = await runState.loadRunRecord(loaded.config.stateRoot, runId, { signal });
  if (record.isErr()) return complainOfState(context, record.error);
  // It sends the folder that was recorded, whichever this configuration would.
  const problems = await loaded.whyNotSent(record.value.source_root);
  if (problems.length > 0) {
    complain(context, configFault(loaded.file, problems).message);
    return EXIT.usage;
  }
  return withPikaci(context, loaded, async (pikaci) =>
    runTargetSession({
      runId,
      host: pikaci.host,
      target: record.value.target_id ?? runId,
      jobIds: record.value.jobs.map((job) => job.id),
      start: async (call) => {
        const run = await pikaci.resume(runId, call);
        // One that has ended before tells of no job by itself.
        if (run.isOk() && record.value.status !== 'interrupted')
          for (const end of run.value.jobs) call.onJobEnd?.(end);
        return run;
      },
      onAbort: options.onInterrupt,
      where: withOptions(options),
      view: await makeView(options, context),
      interrupts: context.interrupts,
      clock,
    }),
  );
}
