import type { Result } from 'neverthrow';
import type { Lease } from '../../domain/machine/lease.js';
import type { JobFault } from '../faults/job-fault.js';

/**
 * - `not_found`: there is no such machine.
 * - `stale`: what was read has been changed since; read again.
 * - `failed`: anything else.
 */
export interface LeaseStoreFault {
  readonly kind: 'not_found' | 'stale' | 'failed';
  /** Its phase is the caller's to set. */
  readonly fault: JobFault;
}

export interface FoundLease {
  /** Null when the machine is not one of pikaci's. */
  readonly lease: Lease | null;
  /** What `write` compares with, so that of two writers one learns that it lost. */
  readonly version: string;
  /** The machine is there and does not run; left out where the store does not know. */
  readonly isStopped?: boolean;
  /** It has its place in the queue, and was never started; left out where the store does not know. */
  readonly isQueued?: boolean;
}

/** Where one machine's lease is kept: with the machine itself, so that it ends with it. */
export interface LeaseStore {
  /** The machine's name, for messages. */
  readonly machine: string;
  read(signal: AbortSignal): Promise<Result<FoundLease, LeaseStoreFault>>;
  /** Replaces the lease if it still is what was read as `version`. */
  write(lease: Lease, version: string, signal: AbortSignal): Promise<Result<void, LeaseStoreFault>>;
}
