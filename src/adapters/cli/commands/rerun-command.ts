import type { OnAbort } from '../../../application/api/pikaci.js';
import type { RerunOptions as LibraryOptions } from '../../../application/target/target-run.js';
import { configFault } from '../../../domain/config/config-fault.js';
import { runIdAt } from '../../../domain/values/run-id.js';
import { type CliContext, complain } from '../session/cli-context.js';
import { EXIT } from '../session/exit-code.js';
import { runTargetSession } from '../session/target-session.js';
import { makeView, type ViewOptions } from './make-view.js';
import { complainOfState } from './state-root.js';
import { type HostOptions, loadOrComplain, withOptions, withPikaci } from './with-pikaci.js';

export interface RerunOptions extends HostOptions, ViewOptions {
  readonly onInterrupt: OnAbort;
  readonly runId?: string;
  readonly failed?: boolean;
  readonly job: readonly string[];
}

/** `pikaci rerun`: what a recorded run set out to do, once more, on the workspace as it is now. */
export async function rerunCommand(
  context: CliContext,
  repeated: string,
  options: RerunOptions,
): Promise<number> {
  const { clock, randomBytes, runState } = context.input;
  if (options.failed === true && options.job.length > 0) {
    complain(context, '--failed and --job say different things; leave one of them out');
    return EXIT.usage;
  }
  const only: LibraryOptions['only'] =
    options.failed === true ? { failed: true } : options.job.length > 0 ? { jobs: options.job } : undefined;
  const loaded = await loadOrComplain(context, options);
  if (loaded === null) return EXIT.usage;
  const { signal } = context.interrupts;
  const record = await runState.loadRunRecord(loaded.config.stateRoot, repeated, { signal });
  if (record.isErr()) return complainOfState(context, record.error);
  // It sends the folder that was recorded, whichever this configuration would.
  const problems = await loaded.whyNotSent(record.value.source_root);
  if (problems.length > 0) {
    complain(context, configFault(loaded.file, problems).message);
    return EXIT.usage;
  }
  const runId = options.runId ?? runIdAt(clock.now(), randomBytes(3));
  return withPikaci(context, loaded, async (pikaci) =>
    runTargetSession({
      runId,
      host: pikaci.host,
      target: record.value.target_id ?? repeated,
      jobIds: record.value.jobs.map((job) => job.id),
      start: (call) => pikaci.rerun(repeated, { ...call, runId, ...(only === undefined ? {} : { only }) }),
      onAbort: options.onInterrupt,
      where: withOptions(options),
      view: await makeView(options, context),
      interrupts: context.interrupts,
      clock,
    }),
  );
}
