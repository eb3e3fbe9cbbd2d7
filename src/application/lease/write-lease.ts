import { err, ok, type Result } from 'neverthrow';
import type { Lease } from '../../domain/machine/lease.js';
import type { Journal } from '../events/journal.js';
import { throughOutages } from '../events/through-outages.js';
import type { JobFault } from '../faults/job-fault.js';
import type { LeaseStore } from './lease-store.js';
import { isReaper } from './owner.js';

const RACES = 5;

export type LeaseFault =
  | { readonly kind: 'superseded'; readonly message: string }
  | { readonly kind: 'not_found' | 'failed'; readonly fault: JobFault };

/**
 * Writes a lease over the one that was read, so that of two writers one learns that it lost. `expected` is the owner who may be
 * replaced; null for whoever it is, but a reaper that has claimed the machine is never overruled.
 */
export async function writeLease(
  place: LeaseStore,
  lease: Pick<Lease, 'owner' | 'expiresAtMs'>,
  expected: string | null,
  signal: AbortSignal,
): Promise<Result<void, LeaseFault>> {
  const { machine } = place;
  for (let race = 0; ; race++) {
    const found = await place.read(signal);
    if (found.isErr()) return err(lasting(found.error));
    const { lease: current, version } = found.value;
    if (current === null) return err({ kind: 'superseded', message: `${machine} was not created by pikaci` });
    if (expected !== null && current.owner !== expected) {
      return err({ kind: 'superseded', message: `another process now owns ${machine}` });
    }
    if (isReaper(current.owner) && current.owner !== lease.owner) {
      return err({
        kind: 'superseded',
        message: `${machine} is being removed: its lease expired`,
      });
    }
    const written = await place.write({ ...current, ...lease }, version, signal);
    if (written.isOk()) return ok(undefined);
    if (written.error.kind !== 'stale' || race >= RACES) return err(lasting(written.error));
  }
}

/** Writes a lease at the end of something, when nobody will come to write it again: a connection that is lost is waited for. */
export function writeLastLease(
  place: LeaseStore,
  lease: Pick<Lease, 'owner' | 'expiresAtMs'>,
  { journal, signal }: { readonly journal: Pick<Journal, 'pause'>; readonly signal: AbortSignal },
): Promise<Result<void, LeaseFault>> {
  return throughOutages(() => writeLease(place, lease, lease.owner, signal), {
    journal,
    signal,
    causeOf: (error) => (error.kind === 'superseded' ? undefined : error.fault.cause),
  });
}

function lasting({
  kind,
  fault,
}: {
  readonly kind: 'not_found' | 'stale' | 'failed';
  readonly fault: JobFault;
}): LeaseFault {
  return { kind: kind === 'not_found' ? 'not_found' : 'failed', fault };
}
