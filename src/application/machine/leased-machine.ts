import type { Result } from 'neverthrow';
import type { Lease } from '../../domain/machine/lease.js';
import type { JobFault } from '../faults/job-fault.js';
import type { LeaseStore } from '../lease/lease-store.js';

/** A machine on the host that carries a lease of pikaci's, as a reaper finds it. */
export interface LeasedMachine {
  readonly name: string;
  readonly lease: Lease;
  /** False when its guest has ended, as one does whose host killed it. */
  readonly isUp: boolean;
  readonly place: LeaseStore;
  /** Removes the machine, not its job's directory. Idempotent. */
  remove(signal: AbortSignal): Promise<Result<void, JobFault>>;
}
