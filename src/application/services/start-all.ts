import { err, ok, type Result } from 'neverthrow';
import type { ServiceSpec } from '../../domain/machine/service-spec.js';
import type { JobFault } from '../faults/job-fault.js';
import type { Machine } from '../machine/machine-backend.js';
import type { JobNetwork, Seat, ServiceNetworks } from '../machine/service-networks.js';
import type { AcquiredServices } from './acquired-services.js';
import { LiveServices } from './live-services.js';
import type { ServedJob, ServiceParts } from './service-parts.js';
import type { ServiceRun } from './service-run.js';
import { type StartService, startService, whenReady } from './start-service.js';

/** Of the addresses of a job's network: its machine has the first, its services those behind it. */
const addressAt = (index: number) => `198.18.0.${2 + index}`;

export interface StartServices {
  readonly job: ServedJob;
  readonly specs: readonly ServiceSpec[];
  readonly services: AcquiredServices;
  /** The job's, and the owner of its lease. */
  readonly machine: Machine;
  readonly owner: string;
  readonly leaseMs: number;
  readonly isOurs: () => Promise<boolean>;
  readonly signal: AbortSignal;
}

export interface StartedServices {
  readonly live: LiveServices;
  /** Why the job cannot begin; null when all are ready. */
  readonly notReady: string | null;
}

export interface OnNetwork {
  readonly parts: Pick<ServiceParts, 'ports' | 'settings'>;
  readonly networks: ServiceNetworks;
  readonly network: JobNetwork;
}

/** Puts the machines on the job's network, begins what runs in them, and waits until all are ready, or one will not be. */
export async function startAll(
  { parts, networks, network }: OnNetwork,
  { job, specs, machine, services: { machines }, isOurs, signal }: StartServices,
): Promise<Result<StartedServices, JobFault>> {
  const hosts = specs.map(({ name, aliases }, index) => [addressAt(index + 1), name, ...aliases].join(' '));
  const joined = await Promise.all([
    networks.settle(machine, { address: addressAt(0), hosts }, signal),
    ...machines.map((service) => networks.join(service.machine, network, signal)),
  ]);
  const notJoined = joined.find((one) => one.isErr());
  if (notJoined?.isErr() === true) return err(notJoined.error);

  const fellShort = new AbortController();
  const within = AbortSignal.any([signal, fellShort.signal]);
  const call = (spec: ServiceSpec, index: number): StartService | null => {
    const service = machines[index];
    const seat: Seat = { address: addressAt(index + 1), hosts };
    return service === undefined
      ? null
      : { parts: parts, job, spec, service, seat, networks, isOurs, signal: within };
  };
  const calls = specs.flatMap((spec, index) => call(spec, index) ?? []);
  const begun = await Promise.all(calls.map((one) => startService(one)));
  const runs = begun.flatMap((one) => (one.isOk() ? [one.value] : []));
  const live = new LiveServices(job, { services: machines, network, networks }, runs);
  const notBegun = begun.find((one) => one.isErr());
  if (notBegun?.isErr() === true) {
    await live.stop();
    return err(notBegun.error);
  }
  let notReady: string | null = null;
  const waited = await Promise.all(
    runs.map(async (run, index) => {
      const one = calls[index];
      if (one === undefined) return ok(null);
      const ready = await whenReady(run, one);
      if (fellShort.signal.aborted) return ok(null);
      if (ready.isErr()) return err(ready.error);
      if (ready.value === null)
        job.emit({ type: 'service_ready', service: run.name, duration_ms: run.readyMs ?? 0 });
      else {
        run.notReady(ready.value);
        notReady = `the service ${run.name} ${ready.value}`;
        fellShort.abort();
        await tellTail(job, run);
      }
      return ok(null);
    }),
  );
  const broken = waited.find((one) => one.isErr());
  if (broken?.isErr() !== true) return ok({ live, notReady });
  await live.stop();
  return err(broken.error);
}

/** What it said is the best answer to why it is not ready. */
async function tellTail(job: ServedJob, run: ServiceRun): Promise<void> {
  const lines = run.lastLines;
  job.warn(
    lines.length === 0
      ? `the service ${run.name} has written nothing`
      : `the end of the log of the service ${run.name}:`,
  );
  for (const line of lines) job.warn(`${run.name} | ${line}`);
}
