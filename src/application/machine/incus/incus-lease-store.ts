import { err, ok, type Result } from 'neverthrow';
import { readQueuePlace } from '../../../domain/machine/host-share.js';
import { type Lease, leaseConfig, readLease } from '../../../domain/machine/lease.js';
import type { IncusApi } from '../../../ports/incus-api.js';
import type { IncusFault } from '../../../ports/incus-fault.js';
import { incusFault } from '../../faults/port-faults.js';
import type { FoundLease, LeaseStore, LeaseStoreFault } from '../../lease/lease-store.js';

/** The `user.pikaci.*` keys of one instance, compared by its ETag. */
export class IncusLeaseStore implements LeaseStore {
  readonly #incus: IncusApi;
  readonly #project: string;

  constructor(
    incus: IncusApi,
    project: string,
    readonly machine: string,
  ) {
    this.#incus = incus;
    this.#project = project;
  }

  async read(signal: AbortSignal): Promise<Result<FoundLease, LeaseStoreFault>> {
    const found = await this.#incus.instance(this.#project, this.machine, { signal });
    if (found.isErr()) return err(placeFault(found.error));
    const { value: instance, etag } = found.value;
    const { config, status } = instance;
    const isQueued = readQueuePlace(config) !== null;
    return ok({ lease: readLease(config), version: etag, isStopped: status === 'Stopped', isQueued });
  }

  async write(lease: Lease, version: string, signal: AbortSignal): Promise<Result<void, LeaseStoreFault>> {
    const patch = leaseConfig(lease);
    const options = { etag: version, signal };
    const written = await this.#incus.patchInstance(this.#project, this.machine, patch, options);
    if (written.isOk()) return ok(undefined);
    const fault = placeFault(written.error);
    // Incus changes an instance first, and fails afterwards when the guest has filled the disk that its copy of the settings goes to.
    return fault.kind === 'failed' && (await this.#isWritten(lease, signal)) ? ok(undefined) : err(fault);
  }

  async #isWritten({ owner, expiresAtMs }: Lease, signal: AbortSignal): Promise<boolean> {
    const found = await this.read(signal);
    const lease = found.isOk() ? found.value.lease : null;
    return lease?.owner === owner && lease.expiresAtMs === Math.round(expiresAtMs);
  }
}

function placeFault(fault: IncusFault): LeaseStoreFault {
  const kind = fault.kind === 'not_found' || fault.kind === 'stale' ? fault.kind : 'failed';
  return { kind, fault: incusFault(fault, null) };
}
