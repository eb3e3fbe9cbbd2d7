import { awakeBound } from '../../streams/awake-timer.js';
import type { HostTime } from '../lease/host-time.js';
import { writeLastLease } from '../lease/write-lease.js';
import type { LiveJob } from './live-job.js';

const BOUND_MS = 60_000;

/** Nobody renews the lease of a job that was left on purpose: it holds for as long as the job may take, and one lease more. */
export async function leaveMachine(
  { session, machine, owner }: Pick<LiveJob, 'session' | 'machine' | 'owner'>,
  hostTime: HostTime,
  leaseMs: number,
): Promise<void> {
  const jobMs = (session.job.timeoutSecs + session.job.graceSecs) * 1000;
  const now = await hostTime.fresh(awakeBound(BOUND_MS));
  const lease = { owner, expiresAtMs: now + jobMs + leaseMs };
  const signal = awakeBound(BOUND_MS);
  const written = await writeLastLease(machine.lease, lease, { journal: session, signal });
  if (written.isOk()) return;
  const { error } = written;
  const reason = error.kind === 'superseded' ? error.message : error.fault.message;
  session.warn(`the lease could not be made longer for the job that is left: ${reason}`);
}
