import type { Result } from 'neverthrow';
import type { IncusImageIdentity } from '../../domain/job/job-outcome.js';
import type { JobSpec } from '../../domain/job/job-spec.js';
import type { Lease } from '../../domain/machine/lease.js';
import type { RemoteLinuxVmContext } from '../../domain/machine/remote-linux-vm-context.js';
import type { JobFault } from '../faults/job-fault.js';
import { incusFault } from '../faults/port-faults.js';
import type { LeasePlace } from '../lease/lease-store.js';
import type { JobPorts } from '../settings/job-ports.js';
import type { JobSettings } from '../settings/job-settings.js';
import type { Guest } from '../supervisor/guest.js';
import { SupervisedGuest } from '../supervisor/supervised-guest.js';
import { IncusLeasePlace } from './incus/incus-lease-place.js';
import { IncusSupervisorLine } from './incus/incus-supervisor-line.js';
import { launchIncusInstance } from './incus/launch-instance.js';
import { listInstances } from './incus/list-instances.js';
import { instanceSources } from './incus/mounted-sources.js';
import { type IncusRuntime, prepareIncusRuntime, resolveImage } from './incus/prepare-runtime.js';
import { removeInstance } from './incus/remove-instance.js';
import type { LeasedMachine } from './leased-machine.js';
import { findNoMachine } from './microvm/ensure-machine-is-new.js';
import { launchMicrovm } from './microvm/launch-microvm.js';
import { listMicrovms, microvmName, microvmSources } from './microvm/list-microvms.js';
import type { MicrovmHost } from './microvm/microvm-host.js';
import { MicrovmLeasePlace } from './microvm/microvm-lease-place.js';
import { MicrovmSupervisorLine } from './microvm/microvm-supervisor-line.js';
import { type MicrovmRuntime, prepareMicrovm } from './microvm/prepare-microvm.js';
import { removeMicrovm } from './microvm/remove-microvm.js';

/** What machines are made from, as far as it does not depend on the workspace. */
export type MachineBase =
  | { readonly backend: 'incus'; readonly image: IncusImageIdentity }
  | { readonly backend: 'microvm'; readonly image: null };

/** A runtime belongs to the backend that prepared it. */
export type PreparedRuntime = { readonly machine: string; readonly image: IncusImageIdentity | null } & (
  | { readonly backend: 'incus'; readonly runtime: IncusRuntime }
  | { readonly backend: 'microvm'; readonly runtime: MicrovmRuntime }
);

/** The one place where each phase is given to the backend that the context names. What is above knows neither. */
export class Backends {
  readonly #ports: JobPorts;
  readonly #settings: JobSettings;
  readonly #microvmHost: MicrovmHost;

  constructor(ports: JobPorts, settings: JobSettings, microvmHost: MicrovmHost) {
    this.#ports = ports;
    this.#settings = settings;
    this.#microvmHost = microvmHost;
  }

  /** Asked for while the workspace is staged. */
  async resolveBase(
    context: RemoteLinuxVmContext,
    signal: AbortSignal,
  ): Promise<Result<MachineBase, JobFault>> {
    switch (context.backend) {
      case 'incus': {
        const image = await resolveImage(this.#ports.incus, context, signal);
        return image.map((resolved) => ({ backend: 'incus', image: resolved }));
      }
      case 'microvm': {
        const free = await findNoMachine(this.#ports.hostFiles, context, signal);
        return free.map(() => ({ backend: 'microvm', image: null }));
      }
    }
  }

  async prepareRuntime(
    context: RemoteLinuxVmContext,
    job: JobSpec,
    base: MachineBase,
    signal: AbortSignal,
  ): Promise<Result<PreparedRuntime, JobFault>> {
    if (context.backend === 'incus' && base.backend === 'incus') {
      const { image } = base;
      const prepared = await prepareIncusRuntime(this.#ports, context, job, image, signal);
      return prepared.map((runtime) => ({
        backend: 'incus',
        machine: context.incusInstanceName,
        image,
        runtime,
      }));
    }
    if (context.backend === 'microvm' && base.backend === 'microvm') {
      const { hostFiles, shell } = this.#ports;
      const { microvm: settings } = this.#settings;
      const parts = { hostFiles, shell, settings, host: this.#microvmHost };
      const prepared = await prepareMicrovm(parts, context, job, signal);
      const machine = microvmName(context.shared.runId, context.shared.jobId);
      return prepared.map((runtime) => ({ backend: 'microvm', machine, image: null, runtime }));
    }
    throw mixed(context, base);
  }

  async launch(
    context: RemoteLinuxVmContext,
    prepared: PreparedRuntime,
    lease: Lease,
    signal: AbortSignal,
  ): Promise<Result<void, JobFault>> {
    if (context.backend === 'incus' && prepared.backend === 'incus')
      return launchIncusInstance(this.#ports, context, prepared.runtime, lease, signal);
    if (context.backend === 'microvm' && prepared.backend === 'microvm') {
      const { clock } = this.#ports;
      const { reconnectMs } = this.#settings;
      const { runtime } = prepared;
      return launchMicrovm({ host: this.#microvmHost, clock, context, runtime, lease, reconnectMs }, signal);
    }
    throw mixed(context, prepared);
  }

  guest(context: RemoteLinuxVmContext): Guest {
    switch (context.backend) {
      case 'incus':
        return new SupervisedGuest(
          new IncusSupervisorLine(this.#ports.incus, context, this.#settings.supervisor),
        );
      case 'microvm':
        return new SupervisedGuest(new MicrovmSupervisorLine(this.#microvmHost, context));
    }
  }

  leasePlace(context: RemoteLinuxVmContext): LeasePlace {
    switch (context.backend) {
      case 'incus':
        return new IncusLeasePlace(this.#ports.incus, context.incusProject, context.incusInstanceName);
      case 'microvm': {
        const { runId, jobId, remoteJobDir } = context.shared;
        return new MicrovmLeasePlace(this.#microvmHost, remoteJobDir, microvmName(runId, jobId));
      }
    }
  }

  /** Whether there is a machine to look around in once its job has failed: a microVM powers off with its job. */
  outlivesJob(context: RemoteLinuxVmContext): boolean {
    switch (context.backend) {
      case 'incus':
        return true;
      case 'microvm':
        return false;
    }
  }

  /** Removes the machine. Fine to repeat. */
  async cleanUp(context: RemoteLinuxVmContext, signal: AbortSignal): Promise<Result<void, JobFault>> {
    switch (context.backend) {
      case 'incus': {
        const { incusProject, incusInstanceName } = context;
        const removed = await removeInstance(this.#ports, incusProject, incusInstanceName, signal);
        return removed.mapErr((fault) => incusFault(fault, 'clean_up'));
      }
      case 'microvm':
        return removeMicrovm(this.#microvmHost, context, signal);
    }
  }

  /**
   * All machines on the host that carry a lease. MicroVMs are looked for whatever the backend is: a run may have been told to use them
   * by its environment, and looking needs no more than the host itself.
   */
  async machines(signal: AbortSignal): Promise<Result<LeasedMachine[], JobFault>> {
    const microvms = await listMicrovms(this.#microvmHost, this.#settings.workDir, signal);
    switch (this.#settings.backend) {
      case 'incus': {
        const instances = await listInstances(this.#ports, this.#settings.incusProject, signal);
        // A host on which no command can be run has none.
        return instances.map((found) => [...found, ...microvms.unwrapOr([])]);
      }
      case 'microvm':
        return microvms;
    }
  }

  /** Directories of the host that machines of either kind mount right now, whoever looks after them. */
  async mountedSources(signal: AbortSignal): Promise<Result<readonly string[], JobFault>> {
    const microvms = await microvmSources(this.#microvmHost, this.#settings.workDir, signal);
    switch (this.#settings.backend) {
      case 'incus': {
        const instances = await instanceSources(this.#ports.incus, signal);
        return instances
          .map((sources) => [...sources, ...microvms.unwrapOr([])])
          .mapErr((fault) => incusFault(fault, 'clean_up'));
      }
      case 'microvm':
        return microvms;
    }
  }

  /** The host's clock, ms since the epoch; null when it does not say. */
  async hostNow(signal: AbortSignal): Promise<Result<number | null, JobFault>> {
    switch (this.#settings.backend) {
      case 'incus': {
        const server = await this.#ports.incus.server({ signal });
        return server.map(({ hostTimeMs }) => hostTimeMs).mapErr((fault) => incusFault(fault, null));
      }
      case 'microvm': {
        const time = await this.#microvmHost.must(['time'], { signal, phase: null });
        return time.map((text) => (/^[0-9]{13}$/.test(text.trim()) ? Number(text) : null));
      }
    }
  }
}

/** A bug of the caller's: what one backend prepared was given to the other. */
function mixed(context: RemoteLinuxVmContext, { backend }: { readonly backend: string }): Error {
  return new Error(`a machine of ${context.backend} cannot be made from what was prepared for ${backend}`);
}
