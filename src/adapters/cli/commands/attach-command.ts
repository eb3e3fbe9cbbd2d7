import type { OnAbort } from '../../../application/api/pikaci.js';
import type { CliContext } from '../session/cli-context.js';
import { EXIT } from '../session/exit-code.js';
import { runSession } from '../session/job-session.js';
import { makeView, type OutputFormat } from './make-view.js';
import { type HostOptions, loadOrComplain, withPikaci } from './with-pikaci.js';

export interface AttachOptions extends HostOptions {
  readonly output: OutputFormat;
  readonly onInterrupt: OnAbort;
}

/** `pikaci attach`: takes up a job whose runner is gone, and shows it as `run` does. */
export async function attachCommand(
  context: CliContext,
  job: { readonly runId: string; readonly jobId: string },
  options: AttachOptions,
): Promise<number> {
  const loaded = await loadOrComplain(context, options, false);
  if (loaded === null) return EXIT.usage;
  return withPikaci(context, loaded, async (pikaci) =>
    runSession({
      runId: job.runId,
      host: pikaci.host,
      target: null,
      jobs: [{ jobId: job.jobId, start: (call) => pikaci.attach(job.runId, job.jobId, call) }],
      parallel: 1,
      onAbort: options.onInterrupt,
      view: await makeView(options.output, context),
      interrupts: context.interrupts,
      clock: context.input.clock,
    }),
  );
}
