import { Result } from 'neverthrow';
import type { RemoteLinuxVmBackend } from '../../domain/machine/remote-linux-vm-context.js';
import type { JobFault } from '../faults/job-fault.js';
import type { LeasedMachine } from './leased-machine.js';
import type { Machine, MachineBackend } from './machine-backend.js';
import type { MachinePlace } from './machine-spec.js';

/**
 * The configured backend, and the other one where both have to be looked at. MicroVMs are looked for whatever is configured: a run
 * may have been told to use them by its environment, and looking needs no more than the host itself.
 */
export class MachineBackends {
  readonly #configured: MachineBackend;
  readonly #microvm: MachineBackend;
  readonly #all: readonly MachineBackend[];

  constructor(
    backends: Readonly<Record<RemoteLinuxVmBackend, MachineBackend>>,
    configured: RemoteLinuxVmBackend,
  ) {
    this.#configured = backends[configured];
    this.#microvm = backends.microvm;
    this.#all = [backends.incus, backends.microvm];
  }

  get name(): RemoteLinuxVmBackend {
    return this.#configured.name;
  }

  machine(place: MachinePlace): Machine {
    return this.#configured.machine(place);
  }

  async leased(signal: AbortSignal): Promise<Result<readonly LeasedMachine[], JobFault>> {
    if (this.#configured === this.#microvm) return this.#microvm.leased(signal);
    const [configured, microvms] = await Promise.all([
      this.#configured.leased(signal),
      this.#microvm.leased(signal),
    ]);
    // A host on which no command can be run has no microVMs.
    return configured.map((found) => [...found, ...microvms.unwrapOr([])]);
  }

  /** Of all backends, whatever is configured: one that cannot be asked may mount anything, so its fault is the answer. */
  async mountedSources(signal: AbortSignal): Promise<Result<readonly string[], JobFault>> {
    const asked = await Promise.all(this.#all.map((backend) => backend.mountedSources(signal)));
    return Result.combine(asked).map((sources) => sources.flat());
  }

  hostNow(signal: AbortSignal): Promise<Result<number | null, JobFault>> {
    return this.#configured.hostNow(signal);
  }
}
