import { ok, type Result } from 'neverthrow';
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

  constructor(
    backends: Readonly<Record<RemoteLinuxVmBackend, MachineBackend>>,
    configured: RemoteLinuxVmBackend,
  ) {
    this.#configured = backends[configured];
    this.#microvm = backends.microvm;
  }

  get name(): RemoteLinuxVmBackend {
    return this.#configured.name;
  }

  machine(place: MachinePlace): Machine {
    return this.#configured.machine(place);
  }

  leased(signal: AbortSignal): Promise<Result<readonly LeasedMachine[], JobFault>> {
    return this.#onBoth((backend) => backend.leased(signal));
  }

  mountedSources(signal: AbortSignal): Promise<Result<readonly string[], JobFault>> {
    return this.#onBoth((backend) => backend.mountedSources(signal));
  }

  hostNow(signal: AbortSignal): Promise<Result<number | null, JobFault>> {
    return this.#configured.hostNow(signal);
  }

  async #onBoth<T>(
    ask: (backend: MachineBackend) => Promise<Result<readonly T[], JobFault>>,
  ): Promise<Result<readonly T[], JobFault>> {
    if (this.#configured === this.#microvm) return ask(this.#microvm);
    const [configured, microvms] = await Promise.all([ask(this.#configured), ask(this.#microvm)]);
    // A host on which no command can be run has no microVMs.
    return configured.andThen((found) => ok([...found, ...microvms.unwrapOr([])]));
  }
}
