import { err, ok, type Result } from 'neverthrow';
import {
  type RemoteMicrovmContext,
  remoteLinuxVmContext,
} from '../../../domain/machine/remote-linux-vm-context.js';
import type { JobFault } from '../../faults/job-fault.js';
import { OwnedLeaseStore } from '../../lease/owned-lease-store.js';
import type { JobPorts } from '../../settings/job-ports.js';
import type { JobSettings } from '../../settings/job-settings.js';
import { SupervisedGuest } from '../../supervisor/supervised-guest.js';
import { equipMachine } from '../inherited/equip-machine.js';
import { HostNetwork } from '../inherited/host-network.js';
import type { Machine, MachineBackend, MachineBase, MachinePlan, PlanInput } from '../machine-backend.js';
import type { MachinePlace } from '../machine-spec.js';
import { OwnedTransport } from '../owned-transport.js';
import { inheritanceWarnings } from './inherited-control.js';
import { launchMicrovm } from './launch-microvm.js';
import { listMicrovms, microvmName, microvmSources } from './list-microvms.js';
import { MicrovmCacheVolumes, microvmMachineCaches } from './microvm-cache-volumes.js';
import { MicrovmChannelTransport } from './microvm-channel-transport.js';
import type { MicrovmHost } from './microvm-host.js';
import { MicrovmLeaseStore } from './microvm-lease-store.js';
import { MicrovmSupervisorTransport } from './microvm-supervisor-transport.js';
import { openMicrovmShell } from './open-microvm-shell.js';
import { prepareMicrovm } from './prepare-microvm.js';
import { removeMicrovm } from './remove-microvm.js';

type Ports = Pick<JobPorts, 'hostFiles' | 'shell' | 'clock'>;
type Settings = Pick<JobSettings, 'trust' | 'microvm' | 'reconnectMs' | 'workDir' | 'inherit'>;

/** Virtual machines that are booted from a runner directory on the host. */
export class MicrovmBackend implements MachineBackend {
  /** Their network is the runner's, and has no names. */
  readonly serviceNetworks = null;
  readonly name = 'microvm';
  /** A microVM has none: its host is known by its name. */
  readonly daemon = null;
  readonly #ports: Ports;
  readonly #settings: Settings;
  readonly #host: MicrovmHost;
  readonly #volumes: MicrovmCacheVolumes;
  readonly #network: HostNetwork;

  constructor(ports: Ports, settings: Settings, host: MicrovmHost) {
    this.#ports = ports;
    this.#settings = settings;
    this.#host = host;
    this.#volumes = new MicrovmCacheVolumes(host, settings.workDir);
    this.#network = new HostNetwork(ports, settings.inherit);
  }

  machine(place: MachinePlace): Machine {
    const context = this.#context(place);
    const name = microvmName(place.runId, place.jobId);
    const owned = { jobDir: context.shared.remoteJobDir, acquisition: place.acquisition };
    const lease = new OwnedLeaseStore(
      new MicrovmLeaseStore(this.#host, context.shared.remoteJobDir, name),
      place.acquisition,
      context.shared.remoteHost,
    );
    const transport =
      place.isOpen === true
        ? new MicrovmChannelTransport(this.#host, context)
        : new MicrovmSupervisorTransport(this.#host, context);
    return {
      context,
      acquisition: place.acquisition,
      name,
      supervisor:
        // A job's request has them already: it lay there before the machine booted.
        place.isOpen === true
          ? new SupervisedGuest(new OwnedTransport(transport, lease), this.#network.variables)
          : new SupervisedGuest(new OwnedTransport(transport, lease)),
      lease,
      caches: microvmMachineCaches(this.#volumes),
      resolveBase: async () => ok(this.#base()),
      snapshot: async () => err(this.#noSnapshots(name)),
      openShell: async (login, call) => {
        const inherited = await this.#network.variables();
        const env = { ...inherited.unwrapOr({}), ...call.env };
        return await openMicrovmShell(this.#host, context, login, { ...call, env });
      },
      remove: (signal) => removeMicrovm(this.#host, owned, signal),
    };
  }

  leased(signal: AbortSignal) {
    return listMicrovms(this.#host, this.#settings.workDir, signal);
  }

  mountedSources(signal: AbortSignal) {
    return microvmSources(this.#host, this.#settings.workDir, signal);
  }

  async names(signal: AbortSignal) {
    const leased = await this.leased(signal);
    return leased.map((machines) => machines.map(({ name }) => name));
  }

  async cacheVolumes() {
    return ok(this.#volumes);
  }

  async hostNow(signal: AbortSignal): Promise<Result<number | null, JobFault>> {
    const time = await this.#host.runOrFail(['time'], { signal, phase: null });
    return time.map((text) => (/^[0-9]{13}$/.test(text.trim()) ? Number(text) : null));
  }

  #base(): MachineBase {
    return {
      image: null,
      plan: async (input: PlanInput, signal): Promise<Result<MachinePlan, JobFault>> => {
        const context = this.#context(input.place);
        const { hostFiles, shell, clock } = this.#ports;
        const { trust, microvm: settings, reconnectMs } = this.#settings;
        if (trust === 'untrusted' && !settings.isolatedNetwork) return err(this.#notIsolated());
        if (input.spec.requests !== undefined) return err(this.#noQueue());
        const host = this.#host;
        const network = this.#network;
        const learnt = await network.learn();
        if (learnt.isErr()) return err({ ...learnt.error, phase: 'prepare_runtime' });
        // One that stays up is given it in calls.
        const inherited = input.boot === null ? null : learnt.value;
        const volumes = this.#volumes;
        const parts = { hostFiles, shell, clock, settings, host, trust, volumes, inherited };
        const runtime = await prepareMicrovm(parts, context, input, signal);
        if (runtime.isErr()) return err(runtime.error);
        const { caches, discard } = runtime.value;
        return ok({
          machine: this.machine(input.place),
          image: null,
          ...(caches === undefined ? {} : { caches }),
          discard,
          create: (lease, bound) =>
            launchMicrovm({ host, clock, context, runtime: runtime.value, lease, reconnectMs }, bound),
          equip: async (made, bound) => {
            if (inherited === null) return await equipMachine({ network, clock, reconnectMs }, made, bound);
            const at = { jobDir: context.shared.remoteJobDir, name: made.name };
            return ok(await inheritanceWarnings(host, at, inherited, bound));
          },
        });
      },
    };
  }

  /**
   * The guest may hold the last writes to its scratch disk in its memory, and only layers, which trusted setups have left, are there for another
   * machine to stand on.
   */
  #noSnapshots(name: string): JobFault {
    const message = `the microVM ${name} cannot be forked: part of what it has written is in the memory of its guest alone, so its disk is whole only once it is off; forks need the backend "incus"`;
    return { kind: 'backend_unavailable', phase: null, host: this.#ports.shell.host, message };
  }

  #noQueue(): JobFault {
    const { host } = this.#ports.shell;
    const message =
      'what microVMs use is not counted: leave "requests" out, or use the backend "incus" (docs/operations.md)';
    return { kind: 'invalid_job', phase: 'prepare_runtime', host, message, field: 'job.requests' };
  }

  #notIsolated(): JobFault {
    return {
      kind: 'not_trusted',
      phase: 'prepare_runtime',
      host: this.#ports.shell.host,
      message:
        'nobody has said that the machines of this runner reach neither the host nor each other: "microvm": {"isolatedNetwork": true} says so, when it is true (docs/trust.md)',
      field: 'microvm.isolatedNetwork',
    };
  }

  #context({ runId, jobId, snapshotHash }: MachinePlace): RemoteMicrovmContext {
    const place = { runId, jobId, ...(snapshotHash === undefined ? {} : { snapshotHash }) };
    return remoteLinuxVmContext({
      backend: 'microvm',
      remoteHost: this.#ports.shell.host,
      remoteWorkDir: this.#settings.workDir,
      ...place,
    });
  }
}
