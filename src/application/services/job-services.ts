import { err, ok, type Result } from 'neverthrow';
import type { JobRecord } from '../../domain/job/job-record.js';
import type { JobServicesRecord } from '../../domain/job/service-record.js';
import type { ServiceSpec } from '../../domain/machine/service-spec.js';
import { awakeBound } from '../../streams/awake-timer.js';
import type { JobFault } from '../faults/job-fault.js';
import { LeaseRenewer } from '../lease/lease-renewer.js';
import type { Machine } from '../machine/machine-backend.js';
import type { MachineBaseSource } from '../machine/machine-spec.js';
import type { ServiceNetworks } from '../machine/service-networks.js';
import { AcquiredServices } from './acquired-services.js';
import { begunServices, recordBegun } from './begun-services.js';
import { LiveServices } from './live-services.js';
import type { RoomForAll } from './room-for-all.js';
import {
  machineSpecOf,
  type OfJob,
  ofJob,
  type ServiceMachine,
  serviceJournal,
  servicePlace,
} from './service-machine.js';
import type { ServedJob, ServiceParts } from './service-parts.js';
import { ServiceRun } from './service-run.js';
import { type StartedServices, type StartServices, startAll } from './start-all.js';
import { removeServices, withServices } from './with-services.js';

const PHASE = 'start_services' as const;
const REMOVAL_MS = 90_000;

export interface AcquireServices {
  readonly job: ServedJob;
  readonly specs: readonly ServiceSpec[];
  /** Of those that are from a template, by the names of the templates. */
  readonly bases: ReadonlyMap<string, MachineBaseSource>;
  /** How long their leases are. */
  readonly leaseMs: number;
  /** How long room is waited for. */
  readonly quotaWaitMs: number;
  /** Of all machines of the job. */
  readonly room: Pick<RoomForAll, 'waits' | 'made'>;
  readonly signal: AbortSignal;
}

/** Makes the machines beside a job's, and brings them to where the job can use them. What a failed attempt has made is removed here. */
export class JobServices {
  readonly #parts: ServiceParts;

  constructor(parts: ServiceParts) {
    this.#parts = parts;
  }

  /** Why this backend cannot have services, or one of them cannot be made; null where it can. */
  check(specs: readonly ServiceSpec[], bases: ReadonlyMap<string, MachineBaseSource>): string | null {
    if (specs.length === 0) return null;
    if (this.#parts.backends.serviceNetworks === null)
      return 'services need the backend "incus": a microVM has no network with others. Start what the job needs in its own machine, or use Incus';
    const without = specs.find(({ template }) => template !== undefined && !bases.has(template));
    return without === undefined
      ? null
      : `the service ${without.name} is from the template "${without.template}", and templates are made by the run of a target: use "image"`;
  }

  /** Why the project never has room for so many machines at once; null where it may have. */
  async whyNever(machines: number, signal: AbortSignal): Promise<JobFault | null> {
    const { backends, ports } = this.#parts;
    const message = await backends.whyNever(machines, signal);
    if (message === null) return null;
    return { kind: 'incus', phase: 'launch_guest', host: ports.hostFiles.host, message };
  }

  /** Their leases are renewed until the answer is disposed of. */
  async acquire(input: AcquireServices): Promise<Result<AcquiredServices, JobFault>> {
    const renewers: AsyncDisposable[] = [];
    const acquired = await Promise.all(input.specs.map((spec) => this.#acquireOne(input, spec, renewers)));
    const services = new AcquiredServices(
      acquired.flatMap((one) => (one.isOk() ? [one.value] : [])),
      renewers,
    );
    const failed = acquired.find((one) => one.isErr());
    if (failed === undefined || failed.isOk()) return ok(services);
    await this.discard(services);
    return err(failed.error);
  }

  /** Of a job that will not be. */
  async discard(services: AcquiredServices): Promise<void> {
    await services[Symbol.asyncDispose]();
    const group = { services: services.machines, network: null, networks: this.#networks };
    await removeServices(group, this.#parts.ports.hostFiles, awakeBound(REMOVAL_MS));
  }

  /** Whatever comes of it, the machine that is returned is the job's with all that is beside it. */
  async start(input: StartServices): Promise<{
    readonly machine: Machine;
    readonly started: Result<StartedServices, JobFault>;
  }> {
    const { job, machine, services, owner, leaseMs, signal } = input;
    const { ports, hostTime } = this.#parts;
    // Of a network that could not be claimed nobody knows how far it has come: it goes with the rest.
    const network = this.#networks.planned(machine);
    const group = { services: services.machines, network, networks: this.#networks };
    let whole = withServices(machine, group, ports.hostFiles);
    await using _renewer = new LeaseRenewer({
      place: whole.lease,
      clock: ports.clock,
      owner,
      leaseMs,
      hostTime,
      onSuperseded: (message) => job.warn(message),
    });
    await services[Symbol.asyncDispose]();
    const started = await job.runPhase(PHASE, async () => {
      const claimed = await this.#networks.claim({
        machine,
        runId: job.runId,
        jobId: job.machineId,
        expiresAtMs: hostTime.now() + leaseMs,
        signal,
      });
      if (claimed.isErr()) return err(claimed.error);
      whole = withServices(machine, { ...group, network: claimed.value }, ports.hostFiles);
      return await startAll({ parts: this.#parts, networks: this.#networks, network: claimed.value }, input);
    });
    return { machine: whole, started };
  }

  /** Those of a job whose runner is gone; null for a job without. */
  async resume(
    job: ServedJob,
    { services: record, incus_project: incusProject }: Pick<JobRecord, 'services' | 'incus_project'>,
    isOurs: () => Promise<boolean>,
  ): Promise<Result<LiveServices | null, JobFault>> {
    if (record === undefined) return ok(null);
    const services = this.#recorded(ofJob(job, incusProject), record.machines);
    const runs: ServiceRun[] = [];
    for (const [index, service] of services.entries()) {
      const readyMs = record.machines[index]?.ready_ms ?? null;
      const call = {
        parts: this.#parts,
        job,
        service,
        secrets: job.secretValues,
        readyMs,
        wanted: null,
        isOurs,
      };
      const run = await ServiceRun.follow(call);
      if (run.isErr()) return err(run.error);
      runs.push(run.value);
    }
    return ok(new LiveServices(job, { services, network: record.network, networks: this.#networks }, runs));
  }

  /** The job's machine with those beside it, where some are recorded: with the job, or one by one while they were made. */
  async machineOf(of: OfJob, machine: Machine, record: JobServicesRecord | undefined): Promise<Machine> {
    const { backends, ports } = this.#parts;
    const networks = backends.serviceNetworks;
    if (networks === null) return machine;
    const machines = record?.machines ?? (await begunServices(ports.localFiles, of.state));
    if (record === undefined && machines.length === 0) return machine;
    const network = record?.network ?? networks.planned(machine);
    return withServices(
      machine,
      { services: this.#recorded(of, machines), network, networks },
      ports.hostFiles,
    );
  }

  /** Removes what a runner has made of services that died before its job had a record. */
  async removeBegun(of: OfJob): Promise<Result<void, JobFault>> {
    const { backends, ports } = this.#parts;
    const networks = backends.serviceNetworks;
    const begun = networks === null ? [] : await begunServices(ports.localFiles, of.state);
    if (networks === null || begun.length === 0) return ok(undefined);
    const group = { services: this.#recorded(of, begun), network: null, networks };
    return await removeServices(group, ports.hostFiles, awakeBound(REMOVAL_MS));
  }

  #recorded(of: OfJob, machines: JobServicesRecord['machines']): readonly ServiceMachine[] {
    return machines.map(({ name, machine_id: jobId, instance_name: instanceName, acquisition }) => ({
      name,
      machine: this.#parts.backends.machine({
        runId: of.runId,
        jobId,
        acquisition,
        instanceName,
        isKept: true,
        ...(of.incusProject === null ? {} : { incusProject: of.incusProject }),
      }),
      journal: serviceJournal(this.#parts, of, name),
    }));
  }

  async #acquireOne(
    { job, bases, leaseMs, quotaWaitMs, room, signal }: AcquireServices,
    spec: ServiceSpec,
    renewers: AsyncDisposable[],
  ): Promise<Result<ServiceMachine, JobFault>> {
    const journal = serviceJournal(this.#parts, ofJob(job), spec.name);
    const base = spec.template === undefined ? undefined : bases.get(spec.template);
    const acquired = await this.#parts.acquireMachine.acquire<null>({
      place: { ...servicePlace(job, spec), ...(base === undefined ? {} : { base }) },
      spec: machineSpecOf(spec),
      boot: null,
      leaseMs,
      quotaWaitMs,
      onQueued: () => room.waits(spec.name),
      journal,
      stage: async () => ok(null),
      record: async ({ machine }) =>
        await recordBegun(this.#parts.ports.localFiles, job, { name: spec.name, machine }),
      signal,
    });
    await journal.hostLog.flushed();
    if (acquired.isErr()) {
      const { message } = acquired.error;
      return err({ ...acquired.error, message: `the service ${spec.name}: ${message}` });
    }
    room.made(spec.name);
    const { machine, owner } = acquired.value;
    const { ports, hostTime } = this.#parts;
    const lease = { place: machine.lease, owner, leaseMs };
    renewers.push(
      new LeaseRenewer({ ...lease, clock: ports.clock, hostTime, onSuperseded: (why) => job.warn(why) }),
    );
    job.emit({ type: 'service_started', service: spec.name, instance: machine.name });
    return ok({ name: spec.name, machine, journal });
  }

  get #networks(): ServiceNetworks {
    const networks = this.#parts.backends.serviceNetworks;
    if (networks === null) throw new Error('services were asked of a backend without networks');
    return networks;
  }
}
