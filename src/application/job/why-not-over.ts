import type { JobRecord } from '../../domain/job/job-record.js';
import { waitAfter } from '../../domain/job/job-retry.js';
import type { JobSpec } from '../../domain/job/job-spec.js';
import type { JobFault } from '../faults/job-fault.js';
import type { JobPorts } from '../settings/job-ports.js';

/** For the machine of the attempt before to go, and for the next one to have begun, in milliseconds. */
const LATE_MS = 120_000;

/**
 * Why a job with an outcome is not over: its runner lives, and is to begin another attempt. Null for an outcome that stands. It is told by
 * the time as well, since a runner may have given the attempts up, and live on.
 */
export async function whyNotOver(
  { processes, clock, localFiles }: Pick<JobPorts, 'processes' | 'clock' | 'localFiles'>,
  { retried_by: runner, outcome, attempt = 1 }: JobRecord,
  { id, retry }: Pick<JobSpec, 'id' | 'retry'>,
): Promise<JobFault | null> {
  if (runner === undefined || outcome === null || retry === undefined) return null;
  const dueMs = Date.parse(outcome.finished_at) + waitAfter(attempt, retry);
  if (!(clock.now() < dueMs + LATE_MS) || (await processes.state(runner)) === 'gone') return null;
  const message = `attempt ${attempt} at ${id} has ended, and the process ${runner.pid} of ${runner.hostname} begins another one at about ${new Date(dueMs).toISOString()}: wait for it, or end it and attach again`;
  return { kind: 'job_in_use', phase: null, host: localFiles.host, message };
}
