import { err, ok, type Result } from 'neverthrow';
import type { Lease } from '../../domain/lease.js';
import { incusFault } from '../fault-of.js';
import type { JobFault } from '../job-fault.js';
import type { JobSession } from '../job-session.js';
import { type LeasedInstance, writeLease } from './lease-keeper.js';

const BOUND_MS = 60_000;

export interface KeepMachine {
  readonly instance: LeasedInstance;
  readonly session: JobSession;
  readonly lease: Pick<Lease, 'owner' | 'expiresAtMs'>;
}

/** Leaves a machine to people for a while: its lease ends once more and for good, and then a reaper removes it. */
export async function keepMachine({
  instance,
  session,
  lease,
}: KeepMachine): Promise<Result<void, JobFault>> {
  const written = await writeLease(instance, lease, lease.owner, AbortSignal.timeout(BOUND_MS));
  const until = new Date(lease.expiresAtMs).toISOString();
  const shell = `"pikaci shell ${session.runId} ${session.job.id}"`;
  const message = written.isOk()
    ? `the machine ${instance.name} is kept until ${until} for ${shell}; then "pikaci gc --remote" removes it`
    : `the machine ${instance.name} could not be kept`;
  session.emit({ type: 'warning', message });
  await session.hostLog.flushed();
  if (written.isOk()) return ok(undefined);
  const { error } = written;
  if (error.kind === 'incus') return err(incusFault(error.fault, 'clean_up'));
  return err({ kind: 'superseded', phase: 'clean_up', host: instance.incus.host, message: error.message });
}
