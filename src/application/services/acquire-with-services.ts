import { err, ok, type Result } from 'neverthrow';
import type { ServiceSpec } from '../../domain/machine/service-spec.js';
import type { JobFault } from '../faults/job-fault.js';
import { LeaseRenewer } from '../lease/lease-renewer.js';
import type { AcquiredMachine } from '../machine/acquire-machine.js';
import type { MachineBaseSource } from '../machine/machine-spec.js';
import { releaseMachine } from '../machine/release-machine.js';
import type { JobServices } from './job-services.js';
import type { LiveServices } from './live-services.js';
import type { ServedJob, ServiceParts } from './service-parts.js';

export interface AcquireWithServices<R> {
  readonly job: ServedJob;
  readonly specs: readonly ServiceSpec[];
  readonly bases: ReadonlyMap<string, MachineBaseSource>;
  readonly acquire: (signal: AbortSignal) => Promise<Result<AcquiredMachine<R>, JobFault>>;
  readonly leaseMs: number;
  readonly isOurs: () => Promise<boolean>;
  readonly signal: AbortSignal;
}

/** The machine of a job, with what is beside it. */
export interface ServedMachine<R> extends AcquiredMachine<R> {
  /** Of a job that has some. */
  readonly services?: LiveServices;
  /** Why the job cannot begin; left out when it can. */
  readonly notReady?: string;
}

/** Makes the machine of a job and those of its services beside each other, and waits for the services. When one of them cannot be had, none stays. */
export async function acquireWithServices<R>(
  { ports, hostTime }: Pick<ServiceParts, 'ports' | 'hostTime'>,
  beside: JobServices,
  { job, specs, bases, leaseMs, acquire, isOurs, signal }: AcquireWithServices<R>,
): Promise<Result<ServedMachine<R>, JobFault>> {
  if (specs.length === 0) return await acquire(signal);
  const pointless = new AbortController();
  const whileUseful = AbortSignal.any([signal, pointless.signal]);
  const orGiveUp = async <T>(work: Promise<Result<T, JobFault>>) => {
    const done = await work;
    if (done.isErr()) pointless.abort();
    return done;
  };
  const renewed = async (work: Promise<Result<AcquiredMachine<R>, JobFault>>) => {
    const done = await work;
    if (done.isErr()) return err(done.error);
    const { machine, owner } = done.value;
    const renewer = new LeaseRenewer({
      place: machine.lease,
      clock: ports.clock,
      owner,
      leaseMs,
      hostTime,
      onSuperseded: (message) => job.warn(message),
    });
    return ok({ acquired: done.value, renewer });
  };
  const [first, others] = await Promise.all([
    orGiveUp(renewed(acquire(whileUseful))),
    orGiveUp(beside.acquire({ job, specs, bases, leaseMs, signal: whileUseful })),
  ]);
  if (first.isOk()) await first.value.renewer[Symbol.asyncDispose]();
  if (first.isErr() || others.isErr()) {
    if (others.isOk()) await beside.discard(others.value);
    if (first.isOk()) await releaseMachine(first.value.acquired.machine, ports.hostFiles, job);
    const why = [first, others].flatMap((one) => (one.isErr() ? [one.error] : []));
    // What was given up for the other's sake was cancelled.
    return err(why.find(({ kind }) => kind !== 'cancelled') ?? why[0] ?? neverBoth());
  }
  const { acquired } = first.value;
  const { owner } = acquired;
  const call = { job, specs, services: others.value, machine: acquired.machine, owner, leaseMs };
  const { machine, started } = await beside.start({ ...call, isOurs, signal });
  if (started.isErr()) {
    await releaseMachine(machine, ports.hostFiles, job);
    return err(started.error);
  }
  const { live: services, notReady } = started.value;
  return ok({ ...acquired, machine, services, ...(notReady === null ? {} : { notReady }) });
}

function neverBoth(): never {
  throw new Error('a fault without one');
}
