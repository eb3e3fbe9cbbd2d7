import { ok, type Result } from 'neverthrow';
import type { RemoteLinuxVmBackend } from '../../domain/machine/remote-linux-vm-context.js';
import type { CacheVolumes } from '../cache/cache-volumes.js';
import type { JobFault } from '../faults/job-fault.js';
import type { LeasedMachine } from './leased-machine.js';
import type { Machine, MachineBackend } from './machine-backend.js';
import type { MachinePlace } from './machine-spec.js';
import type { ServiceNetworks } from './service-networks.js';

/**
 * The configured backend, and the other one where both have to be looked at. MicroVMs are looked for whatever is configured: a run
 * may have been told to use them by its environment, and looking needs no more than the host itself.
 */
export class MachineBackends {
  readonly #configured: MachineBackend;
  readonly #incus: MachineBackend;
  readonly #microvm: MachineBackend;

  constructor(
    backends: Readonly<Record<RemoteLinuxVmBackend, MachineBackend>>,
    configured: RemoteLinuxVmBackend,
  ) {
    this.#configured = backends[configured];
    this.#incus = backends.incus;
    this.#microvm = backends.microvm;
  }

  get name(): RemoteLinuxVmBackend {
    return this.#configured.name;
  }

  machine(place: MachinePlace): Machine {
    return this.#configured.machine(place);
  }

  /** Of the configured backend, and all microVMs. */
  async leased(signal: AbortSignal): Promise<Result<readonly LeasedMachine[], JobFault>> {
    const microvms = this.#ask(this.#microvm, (backend) => backend.leased(signal));
    if (this.#configured === this.#microvm) return microvms;
    return both(await this.#configured.leased(signal), await microvms);
  }

  /** Of both backends, as far as a host has them: what one of them mounts is in use, whichever is configured. */
  mountedSources(signal: AbortSignal): Promise<Result<readonly string[], JobFault>> {
    return this.#onBoth((backend) => backend.mountedSources(signal));
  }

  /** Names of all machines, whoever owns them; of every project that can be seen. */
  names(signal: AbortSignal): Promise<Result<readonly string[], JobFault>> {
    return this.#onBoth((backend) => backend.names(signal));
  }

  cacheVolumes(signal: AbortSignal): Promise<Result<CacheVolumes | null, JobFault>> {
    return this.#configured.cacheVolumes(signal);
  }

  /** Removes a machine that waits for a job, so that there is room for another; false when there is none. */
  async makeRoom(signal: AbortSignal): Promise<boolean> {
    return (await this.#configured.makeRoom?.(signal)) ?? false;
  }

  /** Why the project never has room for so many machines at once; null where it may have some day. */
  async whyNever(machines: number, signal: AbortSignal): Promise<string | null> {
    return (await this.#configured.whyNever?.(machines, signal)) ?? null;
  }

  get serviceNetworks(): ServiceNetworks | null {
    return this.#configured.serviceNetworks;
  }

  get daemon(): string | null {
    return this.#configured.daemon;
  }

  hostNow(signal: AbortSignal): Promise<Result<number | null, JobFault>> {
    return this.#configured.hostNow(signal);
  }

  async #onBoth<T>(ask: Ask<T>): Promise<Result<readonly T[], JobFault>> {
    const [instances, microvms] = await Promise.all([
      this.#ask(this.#incus, ask),
      this.#ask(this.#microvm, ask),
    ]);
    return both(instances, microvms);
  }

  /**
   * A host on which no command can be run has started no microVM. Whether it has an Incus that does not answer, or none, the backend itself
   * says: one that fails to answer may have machines.
   */
  async #ask<T>(backend: MachineBackend, ask: Ask<T>): Promise<Result<readonly T[], JobFault>> {
    const answer = await ask(backend);
    const isAbsent =
      answer.isErr() && backend !== this.#configured && answer.error.cause?.kind === 'spawn_failed';
    return isAbsent ? ok([]) : answer;
  }
}

type Ask<T> = (backend: MachineBackend) => Promise<Result<readonly T[], JobFault>>;

function both<T>(
  one: Result<readonly T[], JobFault>,
  other: Result<readonly T[], JobFault>,
): Result<readonly T[], JobFault> {
  return one.andThen((found) => other.map((more) => [...found, ...more]));
}
