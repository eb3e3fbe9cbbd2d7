import type { JobOutcome } from '../../domain/job/job-outcome.js';
import type { RetryCause } from '../../domain/job/job-retry.js';
import type { JobFault } from '../faults/job-fault.js';
import { isWithoutRoom } from '../machine/room-line.js';

/** Faults of the host, and of what makes its machines. What was asked for wrongly, and what this machine could not do, stays as it is. */
const OF_HOST: ReadonlySet<JobFault['kind']> = new Set<JobFault['kind']>([
  'host',
  'host_files',
  'incus',
  'share_failed',
  'boot_failed',
  'boot_timed_out',
  'microvm',
  'guest',
]);

/** For what a job that ended so may be tried again; null for what no other attempt mends, and for what was ended on purpose. */
export function retryCauseOf({ status, cause }: Pick<JobOutcome, 'status' | 'cause'>): RetryCause | null {
  if (status !== 'failed' || cause === 'invalid_request') return null;
  return cause === 'lost' || cause === 'oom' ? cause : 'failed';
}

/** The same for a job without a result. */
export function retryCauseOfFault(fault: JobFault): RetryCause | null {
  if (fault.kind === 'cancelled') return null;
  if (isWithoutRoom(fault)) return 'quota';
  return OF_HOST.has(fault.kind) ? 'host' : null;
}
