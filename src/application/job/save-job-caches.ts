import type { JobCacheReport } from '../../domain/job/cache-report.js';
import { awakeBound } from '../../streams/awake-timer.js';
import { CALL_BOUND_MS } from '../cache/cache-bounds.js';
import { saveCaches } from '../cache/save-caches.js';
import type { HostTime } from '../lease/host-time.js';
import type { JobPorts } from '../settings/job-ports.js';
import type { LiveJob } from './live-job.js';

/** While the machine is there, as it has the copies. Of a job without caches there is nothing to say. */
export async function saveJobCaches(
  { clock }: Pick<JobPorts, 'clock'>,
  hostTime: HostTime,
  { record, machine, session, lock }: LiveJob,
  passed: boolean,
): Promise<readonly JobCacheReport[]> {
  const { caches = [] } = record;
  if (caches.length === 0) return [];
  // Whoever has the job now looks after its caches.
  if (!(await lock.isHeld())) return [];
  await hostTime.fresh(awakeBound(CALL_BOUND_MS));
  const now = () => hostTime.now();
  return await saveCaches(clock, { caches, machine: machine.caches, passed, now, journal: session });
}
