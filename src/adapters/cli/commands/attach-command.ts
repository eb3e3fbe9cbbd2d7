import type { OnAbort } from '../../../application/api/pikaci.js';
import { phasesOfLog } from '../../../domain/records/phases-of-log.js';
import { formatDuration } from '../output/quantities.js';
import type { CliContext } from '../session/cli-context.js';
import { EXIT } from '../session/exit-code.js';
import { runSession } from '../session/job-session.js';
import { makeView, type ViewOptions } from './make-view.js';
import { type HostOptions, loadOrComplain, withOptions, withPikaci } from './with-pikaci.js';

export interface AttachOptions extends HostOptions, ViewOptions {
  readonly onInterrupt: OnAbort;
}

/** `pikaci attach`: takes up a job whose runner is gone, and shows it as `run` does. */
export async function attachCommand(
  context: CliContext,
  job: { readonly runId: string; readonly jobId: string },
  options: AttachOptions,
): Promise<number> {
  const loaded = await loadOrComplain(context, options);
  if (loaded === null) return EXIT.usage;
  const before = await phasesBefore(context, loaded.config.stateRoot, job);
  return withPikaci(context, loaded, async (pikaci) => {
    const view = await makeView(options, context);
    return await runSession({
      runId: job.runId,
      host: pikaci.host,
      target: null,
      jobs: [
        {
          jobId: job.jobId,
          start: (call) => {
            if (before !== null) view.notice(`${job.jobId}, as its runner left it: ${before}`);
            return pikaci.attach(job.runId, job.jobId, call);
          },
        },
      ],
      parallel: 1,
      onAbort: options.onInterrupt,
      where: withOptions(options),
      view,
      interrupts: context.interrupts,
      clock: context.input.clock,
    });
  });
}

const MOST_BYTES = 1024 * 1024;

/** How far the job had come, in words; null when there is nothing to tell. */
async function phasesBefore(
  { input, interrupts }: CliContext,
  stateRoot: string,
  { runId, jobId }: { readonly runId: string; readonly jobId: string },
): Promise<string | null> {
  const { signal } = interrupts;
  const at = { job: jobId, kind: 'host', offset: 0, maxBytes: MOST_BYTES, signal } as const;
  const log = await input.runState.readLog(stateRoot, runId, at);
  if (log.isErr()) return null;
  const { ended, current } = phasesOfLog(Buffer.from(log.value.data).toString('utf8'));
  const told = ended.map(
    ({ phase, duration_ms, ok }) => `${phase} ${formatDuration(duration_ms)}${ok ? '' : ' (failed)'}`,
  );
  if (current !== null) told.push(`in ${current}`);
  return told.length === 0 ? null : told.join(', ');
}
