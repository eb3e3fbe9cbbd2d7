import { err, type Result } from 'neverthrow';
import { type Acquisition, isSameAcquisition } from '../../domain/machine/acquisition.js';
import type { Lease } from '../../domain/machine/lease.js';
import type { FoundLease, LeaseStore, LeaseStoreFault } from './lease-store.js';

/** The lease of one machine: another machine of the same ids may have come in its place, and then this one is not found. */
export class OwnedLeaseStore implements LeaseStore {
  readonly #store: LeaseStore;
  readonly #acquisition: Acquisition;
  readonly #host: string;

  constructor(store: LeaseStore, acquisition: Acquisition, host: string) {
    this.#store = store;
    this.#acquisition = acquisition;
    this.#host = host;
  }

  get machine(): string {
    return this.#store.machine;
  }

  async read(signal: AbortSignal): Promise<Result<FoundLease, LeaseStoreFault>> {
    const found = await this.#store.read(signal);
    return found.andThen((value) => {
      const { lease } = value;
      if (lease === null || isSameAcquisition(this.#acquisition, lease.acquisition)) return found;
      const message = `${this.machine} on ${this.#host} is another machine of these ids`;
      return err({
        kind: 'not_found' as const,
        fault: { kind: 'guest' as const, phase: null, host: this.#host, message },
      });
    });
  }

  /** What was read is what is replaced, so it needs no comparison of its own. */
  write(lease: Lease, version: string, signal: AbortSignal): Promise<Result<void, LeaseStoreFault>> {
    return this.#store.write(lease, version, signal);
  }
}
