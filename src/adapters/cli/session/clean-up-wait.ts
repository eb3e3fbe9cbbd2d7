import type { JobRun } from '../../../application/api/pikaci.js';
import type { Clock } from '../../../ports/clock.js';
import { faultLines } from '../output/fault-text.js';
import type { RunView } from '../output/run-view.js';

/** From the last job's end on; after that the reaper has to do it. */
const CLEAN_UP_WAIT_MS = 30_000;

export interface CleanUpWait {
  readonly runs: readonly JobRun[];
  /** Of the run as a whole, whose last event and whose copy on the host are behind those of its jobs. */
  readonly whole?: Promise<unknown>;
  readonly view: RunView;
  readonly clock: Clock;
}

/** Waits for the machines of finished jobs to be removed. A failure is told and changes no result: the lease ends, and a reaper removes them. */
export async function waitForCleanUps({ runs, whole, view, clock }: CleanUpWait): Promise<void> {
  const pending = new Set(runs.map((run) => run.outcome.job_id));
  const all = Promise.all(
    runs.map(async (run) => {
      const result = await run.cleanUp;
      pending.delete(run.outcome.job_id);
      if (result.isErr()) {
        const why = faultLines(result.error).join('\n');
        view.notice(`the machine of job ${run.outcome.job_id} could not be removed; ${REAPER}\n${why}`);
      }
    }),
  );
  if (await within(Promise.all([all, whole]), CLEAN_UP_WAIT_MS, clock)) return;
  const what = pending.size === 0 ? 'what the run has' : `the machine of ${[...pending].join(', ')}`;
  view.notice(`still removing ${what} after ${CLEAN_UP_WAIT_MS / 1000} s; ${REAPER}`);
}

const REAPER = '"pikaci gc --remote" removes it after the lease expires';

/** True when `work` settled in time. What it rejects with is thrown. */
export async function within(work: Promise<unknown>, ms: number, clock: Clock): Promise<boolean> {
  const done = new AbortController();
  try {
    return await Promise.race([
      work.then(() => true),
      clock.bound(ms, done.signal).then((how) => how === 'aborted'),
    ]);
  } finally {
    done.abort();
  }
}
