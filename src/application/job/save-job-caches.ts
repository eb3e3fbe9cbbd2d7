import type { JobCacheReport } from '../../domain/job/cache-report.js';
import { awakeBound } from '../../streams/awake-timer.js';
import { CALL_BOUND_MS } from '../cache/cache-bounds.js';
import { saveCaches } from '../cache/save-caches.js';
import type { HostTime } from '../lease/host-time.js';
import type { JobPorts } from '../settings/job-ports.js';
import type { LiveJob } from './live-job.js';

/** While the machine is there, as it has the copies. Of a job without caches there is nothing to say. */
export async function saveJobCaches(
  ports: Pick<JobPorts, 'incus' | 'clock'>,
  hostTime: HostTime,
  { record, machine: { context }, session, lock }: LiveJob,
  passed: boolean,
): Promise<readonly JobCacheReport[]> {
  const { caches = [] } = record;
  if (context.backend !== 'incus' || caches.length === 0) return [];
  // Whoever has the job now looks after its caches.
  if (!(await lock.isHeld())) return [];
  const machine = { project: context.incusProject, instance: context.incusInstanceName };
  await hostTime.fresh(awakeBound(CALL_BOUND_MS));
  const now = () => hostTime.now();
  return await saveCaches(ports, { caches, machine, passed, now, journal: session });
}
