import { err, ok, type Result } from 'neverthrow';
import type { Lease } from '../../domain/machine/lease.js';
import { awakeBound } from '../../streams/awake-timer.js';
import { throughOutages } from '../events/through-outages.js';
import type { JobFault } from '../faults/job-fault.js';
import type { LeaseStore } from '../lease/lease-store.js';
import { isReaper } from '../lease/owner.js';
import { writeLastLease } from '../lease/write-lease.js';
import type { JobSession } from './job-session.js';

const BOUND_MS = 60_000;

export interface KeepMachine {
  readonly place: LeaseStore;
  readonly host: string;
  readonly session: JobSession;
  readonly lease: Pick<Lease, 'owner' | 'expiresAtMs'>;
}

/** Makes sure that a machine is kept until then: the runner that was to see to it may have died before. A longer lease is left as it is. */
export async function keepUntil(
  keep: Omit<KeepMachine, 'lease'>,
  expiresAtMs: number,
): Promise<Result<void, JobFault>> {
  const signal = awakeBound(BOUND_MS);
  const found = await throughOutages(() => keep.place.read(signal), {
    journal: keep.session,
    signal,
    causeOf: ({ fault }) => fault.cause,
  });
  const lease = found.isOk() ? found.value.lease : null;
  if (lease === null || isReaper(lease.owner) || !(lease.expiresAtMs < expiresAtMs)) return ok(undefined);
  return keepMachine({ ...keep, lease: { owner: lease.owner, expiresAtMs } });
}

/** Leaves a machine to people for a while: its lease ends once more and for good, and then a reaper removes it. */
export async function keepMachine({
  place,
  host,
  session,
  lease,
}: KeepMachine): Promise<Result<void, JobFault>> {
  const signal = awakeBound(BOUND_MS);
  const written = await writeLastLease(place, lease, { journal: session, signal });
  const until = new Date(lease.expiresAtMs).toISOString();
  const shell = `"pikaci shell ${session.runId} ${session.job.id}"`;
  const message = written.isOk()
    ? `the machine ${place.machine} is kept until ${until} for ${shell}; then "pikaci gc --remote" removes it`
    : `the machine ${place.machine} could not be kept`;
  session.emit({ type: 'warning', message });
  await session.hostLog.flushed();
  if (written.isOk()) return ok(undefined);
  const { error } = written;
  if (error.kind !== 'superseded') return err({ ...error.fault, phase: 'clean_up' });
  return err({ kind: 'superseded', phase: 'clean_up', host, message: error.message });
}
