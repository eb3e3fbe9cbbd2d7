import { ok } from 'neverthrow';
import type { OnAbort } from '../../../../application/api/pikaci.js';
import { configFault } from '../../../../domain/config/config-fault.js';
import { type CliContext, complain } from '../../session/cli-context.js';
import { EXIT } from '../../session/exit-code.js';
import { runTargetSession } from '../../session/target-session.js';
import { complainOfFault } from '../machine/machine-session.js';
import { makeView, type ViewOptions } from '../make-view.js';
import { complainOfState } from '../state-root.js';
import { type HostOptions, loadOrComplain, withOptions, withPikaci } from '../with-pikaci.js';
import { keptRunsCommand } from './kept-runs.js';

export interface ResumeCommandOptions extends HostOptions, ViewOptions {
  readonly onInterrupt: OnAbort;
  readonly id?: string;
}

/** `pikaci resume`: goes on with a run whose runner is gone, and ends with its exit code. */
export async function resumeCommand(
  context: CliContext,
  runId: string | undefined,
  options: ResumeCommandOptions,
): Promise<number> {
  if (runId === undefined && (options.id ?? options.workspace) !== undefined) {
    complain(context, '--id and --workspace are about one run: name it');
    return EXIT.usage;
  }
  if (runId === undefined) return await keptRunsCommand(context, options);
  const { clock, runState } = context.input;
  const loaded = await loadOrComplain(context, options);
  if (loaded === null) return EXIT.usage;
  const { signal } = context.interrupts;
  const known = await runState.loadRunRecord(loaded.config.stateRoot, runId, { signal });
  if (known.isErr() && known.error.kind !== 'no_such_run') return complainOfState(context, known.error);
  // It sends the folder that was recorded, whichever this configuration would.
  const folder = options.workspace === undefined ? known.map((run) => run.source_root) : ok(loaded.workspace);
  const problems = folder.isErr() ? [] : await loaded.whyNotSent(folder.value);
  if (problems.length > 0) {
    complain(context, configFault(loaded.file, problems).message);
    return EXIT.usage;
  }
  const own = {
    ...(options.workspace === undefined ? {} : { workspace: loaded.workspace }),
    ...(options.id === undefined ? {} : { id: options.id }),
  };
  return withPikaci(context, loaded, async (pikaci) => {
    const brought = known.isOk() ? ok(undefined) : await pikaci.recoverRun(runId, { ...own, signal });
    if (brought.isErr()) return complainOfFault(context, brought.error);
    const record = known.isOk()
      ? known
      : await runState.loadRunRecord(loaded.config.stateRoot, runId, { signal });
    if (record.isErr()) return complainOfState(context, record.error);
    return runTargetSession({
      runId,
      host: pikaci.host,
      target: record.value.target_id ?? runId,
      jobIds: record.value.jobs.map((job) => job.id),
      start: async (call) => {
        const run = await pikaci.resume(runId, { ...call, ...own });
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
    });
  });
}
