import { err, ok, type Result } from 'neverthrow';
import type { IncusImageIdentity } from '../domain/job-outcome.js';
import type { JobSpec } from '../domain/job-spec.js';
import type { Lease } from '../domain/lease.js';
import type { Phase } from '../domain/phase.js';
import type { RemoteLinuxVmContext, RemoteMicrovmContext } from '../domain/remote-linux-vm-context.js';
import { incusFault } from './fault-of.js';
import type { Guest } from './guest.js';
import { IncusGuest } from './incus/incus-guest.js';
import { launchIncusInstance } from './incus/launch-guest.js';
import type { LeasedInstance } from './incus/lease-keeper.js';
import { type IncusRuntime, prepareIncusRuntime, resolveImage } from './incus/prepare-runtime.js';
import { removeInstance } from './incus/remove-instance.js';
import type { SupervisorSource } from './incus/supervisor-call.js';
import type { JobFault } from './job-fault.js';
import type { JobPorts } from './job-ports.js';

/** A runtime belongs to the backend that prepared it. */
export type PreparedRuntime = { readonly backend: 'incus' } & IncusRuntime;

/** The one place where each phase is given to the backend that the context names. What is above knows neither. */
export class Backends {
  readonly #ports: JobPorts;
  readonly #supervisor: SupervisorSource;

  constructor(ports: JobPorts, supervisor: SupervisorSource) {
    this.#ports = ports;
    this.#supervisor = supervisor;
  }

  /** What does not depend on the workspace, so that it can be asked for while that is staged. */
  async resolveImage(
    context: RemoteLinuxVmContext,
    signal: AbortSignal,
  ): Promise<Result<IncusImageIdentity, JobFault>> {
    switch (context.backend) {
      case 'incus':
        return resolveImage(this.#ports.incus, context, signal);
      case 'microvm':
        return err(unavailable(context, 'prepare_runtime'));
    }
  }

  async prepareRuntime(
    context: RemoteLinuxVmContext,
    job: JobSpec,
    image: IncusImageIdentity,
    signal: AbortSignal,
  ): Promise<Result<PreparedRuntime, JobFault>> {
    switch (context.backend) {
      case 'incus': {
        const runtime = await prepareIncusRuntime(this.#ports, context, job, image, signal);
        return runtime.map((prepared) => ({ backend: 'incus', ...prepared }));
      }
      case 'microvm':
        return err(unavailable(context, 'prepare_runtime'));
    }
  }

  async launch(
    context: RemoteLinuxVmContext,
    runtime: PreparedRuntime,
    lease: Lease,
    signal: AbortSignal,
  ): Promise<Result<void, JobFault>> {
    switch (context.backend) {
      case 'incus':
        return launchIncusInstance(this.#ports, context, runtime, lease, signal);
      case 'microvm':
        return err(unavailable(context, 'launch_guest'));
    }
  }

  guest(context: RemoteLinuxVmContext): Result<Guest, JobFault> {
    switch (context.backend) {
      case 'incus':
        return ok(new IncusGuest(this.#ports.incus, context, this.#supervisor));
      case 'microvm':
        return err(unavailable(context, 'wait_for_completion'));
    }
  }

  /** Where the machine's lease is kept. */
  leased(context: RemoteLinuxVmContext): Result<LeasedInstance, JobFault> {
    switch (context.backend) {
      case 'incus':
        return ok({
          incus: this.#ports.incus,
          project: context.incusProject,
          name: context.incusInstanceName,
        });
      case 'microvm':
        return err(unavailable(context, 'wait_for_completion'));
    }
  }

  /** Removes the machine. Fine to repeat. */
  async cleanUp(context: RemoteLinuxVmContext, signal: AbortSignal): Promise<Result<void, JobFault>> {
    switch (context.backend) {
      case 'incus': {
        const removed = await removeInstance(
          this.#ports,
          context.incusProject,
          context.incusInstanceName,
          signal,
        );
        return removed.mapErr((fault) => incusFault(fault, 'clean_up'));
      }
      case 'microvm':
        return err(unavailable(context, 'clean_up'));
    }
  }
}

function unavailable(context: RemoteMicrovmContext, phase: Phase): JobFault {
  const message = 'the microVM backend is not part of this version of pikaci; set "backend" to "incus"';
  return { kind: 'backend_unavailable', phase, host: context.shared.remoteHost, message, field: 'backend' };
}
