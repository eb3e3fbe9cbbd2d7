import { err, ok, type Result } from 'neverthrow';
import type { IncusImageIdentity } from '../../../domain/job/job-outcome.js';
import { priorityOf } from '../../../domain/machine/host-share.js';
import { incusInstanceName } from '../../../domain/machine/incus-instance-name.js';
import { readLease } from '../../../domain/machine/lease.js';
import {
  type RemoteIncusContext,
  remoteLinuxVmContext,
} from '../../../domain/machine/remote-linux-vm-context.js';
import type { IncusFault } from '../../../ports/incus-fault.js';
import type { IncusInstance } from '../../../ports/incus-types.js';
import type { JobFault } from '../../faults/job-fault.js';
import { incusFault } from '../../faults/port-faults.js';
import { OwnedLeaseStore } from '../../lease/owned-lease-store.js';
import type { JobPorts } from '../../settings/job-ports.js';
import type { JobSettings } from '../../settings/job-settings.js';
import { SupervisedGuest } from '../../supervisor/supervised-guest.js';
import { equipMachine } from '../inherited/equip-machine.js';
import { HostNetwork } from '../inherited/host-network.js';
import type { Machine, MachineBackend, MachineBase, MachinePlan, PlanInput } from '../machine-backend.js';
import type { MachinePlace, MachineSpec } from '../machine-spec.js';
import { OwnedTransport } from '../owned-transport.js';
import { type AttachedCaches, attachCaches } from './attach-caches.js';
import { claimWaiting } from './claim-waiting.js';
import { forkInstance } from './fork-instance.js';
import { HostQueue } from './host-queue.js';
import { IncusCacheVolumes } from './incus-cache-volumes.js';
import { IncusLeaseStore } from './incus-lease-store.js';
import { incusMachineCaches } from './incus-machine-caches.js';
import { IncusServiceNetworks } from './incus-service-networks.js';
import { launchInstance } from './launch-instance.js';
import { leaveOutCaches } from './leave-out-caches.js';
import { listInstances } from './list-instances.js';
import { instanceSources } from './mounted-sources.js';
import { openIncusShell } from './open-incus-shell.js';
import { prepareIncusRuntime, resolveImage, rootDevice } from './prepare-runtime.js';
import { whyNever, whyNeverSoMany } from './project-quota.js';
import { QueuedLaunch } from './queued-launch.js';
import { removeInstance } from './remove-instance.js';
import { removeWaiting } from './remove-waiting.js';
import { snapshotInstance } from './snapshot-instance.js';
import { startedAgain } from './started-again.js';

type Ports = Pick<JobPorts, 'incus' | 'hostFiles' | 'clock' | 'shell'>;
type Settings = Pick<
  JobSettings,
  | 'trust'
  | 'warm'
  | 'incusProject'
  | 'incusProfile'
  | 'incusImageAlias'
  | 'incusLimits'
  | 'incusHomes'
  | 'inherit'
  | 'supervisor'
  | 'workDir'
  | 'reconnectMs'
  | 'serviceNetworks'
  | 'quotaWaitMs'
  | 'incusCapacity'
>;

/** What a plan is made for. */
interface PlannedFrom {
  readonly place: MachinePlace;
  readonly image: IncusImageIdentity;
  readonly spec: MachineSpec;
}

/** Containers and virtual machines of Incus. */
export class IncusBackend implements MachineBackend {
  readonly name = 'incus';
  readonly #ports: Ports;
  readonly #settings: Settings;
  readonly #network: HostNetwork;
  readonly #queue: HostQueue;
  readonly serviceNetworks: IncusServiceNetworks;
  #daemon: string | null = null;

  constructor(ports: Ports, settings: Settings) {
    this.#ports = ports;
    this.#settings = settings;
    this.#network = new HostNetwork(ports, settings.inherit);
    this.#queue = new HostQueue(ports.incus, settings.incusCapacity ?? {});
    this.serviceNetworks = new IncusServiceNetworks(ports, settings);
  }

  get daemon(): string | null {
    return this.#daemon;
  }

  machine(place: MachinePlace): Machine {
    const { incus } = this.#ports;
    const context = this.#context(place);
    const { incusProject: project, incusInstanceName: name } = context;
    const lease = new OwnedLeaseStore(
      new IncusLeaseStore(incus, project, name),
      place.acquisition,
      context.shared.remoteHost,
    );
    const transport = startedAgain(incus, place, context, this.#settings.supervisor);
    return {
      context,
      acquisition: place.acquisition,
      name,
      supervisor: new SupervisedGuest(new OwnedTransport(transport, lease), this.#network.variables),
      lease,
      caches: incusMachineCaches(incus, { project, instance: name }),
      resolveBase: async (signal) => {
        if (place.base !== undefined) return ok(this.#base(place.base.image));
        const image = await resolveImage(incus, context, signal);
        return image.map((resolved) => this.#base(resolved));
      },
      snapshot: (signal) => snapshotInstance(incus, { project, name }, signal),
      openShell: async (login, call) => {
        const inherited = await this.#network.variables();
        const env = { ...inherited.unwrapOr({}), ...call.env };
        return await openIncusShell(incus, context, login, { ...call, env });
      },
      remove: async (signal) => {
        const removed = await removeInstance(
          this.#ports,
          { project, name, acquisition: place.acquisition },
          signal,
        );
        return removed.mapErr((fault) => incusFault(fault, 'clean_up'));
      },
    };
  }

  leased(signal: AbortSignal) {
    return listInstances(this.#ports, this.#settings.incusProject, signal);
  }

  async mountedSources(signal: AbortSignal) {
    const sources = await instanceSources(this.#ports.incus, signal);
    if (sources.isErr() && (await this.#isAbsent(sources.error, signal))) return ok([]);
    return sources.mapErr((fault) => incusFault(fault, 'clean_up'));
  }

  async names(signal: AbortSignal) {
    const instances = await this.#ports.incus.instancesOfAllProjects({ signal });
    if (instances.isErr() && (await this.#isAbsent(instances.error, signal))) return ok([]);
    return instances.map((all) => all.flatMap(namesOf)).mapErr((fault) => incusFault(fault, 'clean_up'));
  }

  /** Of any pool of the project, and one at a time: a job that asks for room gets it before what waits for one. */
  makeRoom(signal: AbortSignal): Promise<boolean> {
    return removeWaiting(this.#ports, { project: this.#settings.incusProject }, signal);
  }

  readonly whyNever = (machines: number, signal: AbortSignal) =>
    whyNeverSoMany(this.#ports.incus, this.#settings.incusProject, machines, signal);

  async cacheVolumes(signal: AbortSignal) {
    const { incusProject: project, incusProfile } = this.#settings;
    const profile = await this.#ports.incus.profile(project, incusProfile, { signal });
    return profile
      .map(({ value }) => {
        const pool = rootDevice([value])?.[1]['pool'];
        return pool === undefined ? null : new IncusCacheVolumes(this.#ports.incus, project, pool);
      })
      .mapErr((fault) => incusFault(fault, null));
  }

  async hostNow(signal: AbortSignal) {
    const server = await this.#ports.incus.server({ signal });
    if (server.isOk() && server.value.certificateFingerprint !== '')
      this.#daemon = server.value.certificateFingerprint;
    return server.map(({ hostTimeMs }) => hostTimeMs).mapErr((fault) => incusFault(fault, null));
  }

  /** Without Incus no instance mounts anything; with one that does not answer, any may. */
  async #isAbsent({ kind }: IncusFault, signal: AbortSignal): Promise<boolean> {
    const { incusHomes = [] } = this.#settings;
    if (incusHomes.length === 0 || (kind !== 'unreachable' && kind !== 'connection_lost')) return false;
    const looks = incusHomes.map((home) => this.#ports.hostFiles.lstat(home, { signal }));
    const found = await Promise.all(looks);
    return found.every((home) => home.isErr() && home.error.kind === 'not_found');
  }

  #base(image: IncusImageIdentity): MachineBase {
    return {
      image,
      plan: async (input: PlanInput, signal): Promise<Result<MachinePlan, JobFault>> => {
        // Beside what follows: `equip` needs it.
        void this.#network.learn();
        const context = this.#context(input.place);
        const { incusLimits: limits, trust } = this.#settings;
        const from = { image, limits, trust };
        const runtime = await prepareIncusRuntime(this.#ports, context, input, from, signal);
        if (runtime.isErr()) return err(runtime.error);
        const isBounded = trust === 'untrusted';
        const machine = { project: context.incusProject, runtime: runtime.value, isBounded };
        const attached = await attachCaches(this.#ports, machine, input, signal);
        const of = {
          place: input.place,
          image,
          spec: { ...input.spec, priority: priorityOf(input.spec, trust) },
        };
        return attached.map((whole) => this.#plan(context, of, whole));
      },
    };
  }

  #plan(context: RemoteIncusContext, of: PlannedFrom, attached: AttachedCaches): MachinePlan {
    const { runtime, discard, ...caches } = attached;
    const machine = this.machine(of.place);
    const { incusProject: project } = context;
    const { clock } = this.#ports;
    const queued =
      of.spec.requests === undefined || of.place.base?.isFork === true
        ? null
        : new QueuedLaunch(
            { incus: this.#ports.incus, clock, queue: this.#queue },
            { context, runtime, spec: of.spec },
          );
    const equipping = { network: this.#network, clock, reconnectMs: this.#settings.reconnectMs };
    return {
      machine,
      image: of.image,
      ...caches,
      discard: async () => {
        await queued?.leave();
        await discard?.();
      },
      isQueued: queued !== null,
      neverFits: async (signal) =>
        (await queued?.whyNever(signal)) != null ||
        (await whyNever(this.#ports.incus, project, runtime.instance, signal)) !== null,
      leaveOutCaches: async (lease, signal) => {
        const unstarted = { project, acquisition: machine.acquisition, attached, lease };
        const without = await leaveOutCaches(this.#ports, unstarted, signal);
        return without === null ? null : this.#plan(context, of, without);
      },
      create: (lease, signal) => {
        if (queued !== null) return queued.create(lease, signal);
        const launch = of.place.base?.isFork === true ? forkInstance : launchInstance;
        return launch(this.#ports, context, runtime, lease, signal);
      },
      ...(this.#settings.warm === null || of.place.pool !== undefined
        ? {}
        : {
            claim: async ({ lease, nowMs }, signal) => {
              const full = await queued?.whyNotNow(lease, signal);
              if (full != null) return { why: full };
              const call = { project, wanted: runtime.instance, lease, nowMs };
              const claimed = await claimWaiting(this.#ports.incus, call, signal);
              if ('why' in claimed) return claimed;
              await queued?.leave();
              return { machine: this.machine({ ...of.place, instanceName: claimed.instance }) };
            },
          }),
      equip: (made, signal) => equipMachine(equipping, made, signal),
    };
  }

  #context(place: MachinePlace): RemoteIncusContext {
    const { incusProject, incusProfile, incusImageAlias, workDir } = this.#settings;
    return remoteLinuxVmContext({
      backend: 'incus',
      remoteHost: this.#ports.shell.host,
      remoteWorkDir: workDir,
      incusProject,
      incusProfile,
      incusImageAlias: place.base?.image.alias ?? incusImageAlias,
      ...place,
    });
  }
}

/** One that was claimed while it waited has another name than its job's ids give it. */
function namesOf({ name, config }: IncusInstance): readonly string[] {
  const lease = readLease(config);
  return lease === null ? [name] : [...new Set([name, incusInstanceName(lease.runId, lease.jobId)])];
}
