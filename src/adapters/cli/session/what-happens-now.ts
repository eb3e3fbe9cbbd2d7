import type { OnAbort } from '../../../application/api/pikaci.js';
import type { JobTracker } from './job-tracker.js';

/** What a first signal does to the jobs of a run, which may each be in another phase. */
export function whatHappensNow(onAbort: OnAbort, runId: string, tracker: JobTracker): string {
  const { beginning, running, collecting } = tracker.stages;
  const jobs = beginning.length + running.length + collecting.length;
  if (jobs === 0) return 'cleaning up';
  if (onAbort === 'destroy') return 'removing the machines at once';
  const parts: string[] = [];
  if (running.length > 0)
    parts.push(
      onAbort === 'cancel'
        ? 'ending the jobs that run and collecting what they have'
        : 'leaving the jobs running',
    );
  if (beginning.length > 0)
    parts.push(
      onAbort === 'cancel' ? 'giving up what has not begun yet' : 'giving up what has no machine yet',
    );
  const [first, ...more] = collecting;
  if (first !== undefined) {
    const which = more.length === 0 ? first : 'JOB';
    parts.push(
      `bringing back to the end what jobs have left that had ended ("pikaci attach ${runId} ${which}" does so if this is killed)`,
    );
  }
  return parts.join(', ');
}

/** What a TERM behind the first signal does. */
export function whatIsHurried(tracker: JobTracker): string {
  return tracker.stages.running.length > 0
    ? 'what still runs gets no more grace'
    : 'nothing runs any more that could be hurried';
}
