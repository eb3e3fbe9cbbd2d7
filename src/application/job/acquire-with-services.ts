import { err, ok, type Result } from 'neverthrow';
import type { JobRecord } from '../../domain/job/job-record.js';
import type { JobFault } from '../faults/job-fault.js';
import { LeaseRenewer } from '../lease/lease-renewer.js';
import type { AcquiredMachine } from '../machine/acquire-machine.js';
import type { MachineBaseSource } from '../machine/machine-spec.js';
import { releaseMachine } from '../machine/release-machine.js';
import type { JobServices } from '../services/job-services.js';
import type { ServiceParts } from '../services/service-parts.js';
import type { JobSession } from './job-session.js';
import type { LiveJob } from './live-job.js';

export interface AcquireWithServices {
  readonly session: JobSession;
  readonly bases: ReadonlyMap<string, MachineBaseSource>;
  readonly acquire: (signal: AbortSignal) => Promise<Result<AcquiredMachine<JobRecord>, JobFault>>;
  readonly isOurs: () => Promise<boolean>;
  readonly signal: AbortSignal;
}

/** The machine of a job, and what is beside it. */
export type ServedMachine = AcquiredMachine<JobRecord> & Pick<LiveJob, 'services' | 'notReady'>;

/** Makes the machine of a job and those of its services beside each other, and waits for the services. When one of them cannot be had, none stays. */
export async function acquireWithServices(
  { ports, settings, hostTime }: Pick<ServiceParts, 'ports' | 'settings' | 'hostTime'>,
  beside: JobServices,
  { session, bases, acquire, isOurs, signal }: AcquireWithServices,
): Promise<Result<ServedMachine, JobFault>> {
  const { services: specs = [] } = session.job;
  if (specs.length === 0) return await acquire(signal);
  const pointless = new AbortController();
  const whileUseful = AbortSignal.any([signal, pointless.signal]);
  const orGiveUp = async <T>(work: Promise<Result<T, JobFault>>) => {
    const done = await work;
    if (done.isErr()) pointless.abort();
    return done;
  };
  const renewed = async (work: Promise<Result<AcquiredMachine<JobRecord>, JobFault>>) => {
    const done = await work;
    if (done.isErr()) return err(done.error);
    const { machine, owner } = done.value;
    const renewer = new LeaseRenewer({
      place: machine.lease,
      clock: ports.clock,
      owner,
      leaseMs: settings.leaseMs,
      hostTime,
      onSuperseded: (message) => session.warn(message),
    });
    return ok({ acquired: done.value, renewer });
  };
  const [first, others] = await Promise.all([
    orGiveUp(renewed(acquire(whileUseful))),
    orGiveUp(beside.acquire({ job: session, specs, bases, signal: whileUseful })),
  ]);
  if (first.isOk()) await first.value.renewer[Symbol.asyncDispose]();
  if (first.isErr() || others.isErr()) {
    if (others.isOk()) await beside.discard(others.value);
    if (first.isOk()) await releaseMachine(first.value.acquired.machine, ports.hostFiles, session);
    const why = [first, others].flatMap((one) => (one.isErr() ? [one.error] : []));
    // What was given up for the other's sake was cancelled.
    return err(why.find(({ kind }) => kind !== 'cancelled') ?? why[0] ?? neverBoth());
  }
  const { acquired } = first.value;
  const { owner } = acquired;
  const call = { job: session, specs, services: others.value, machine: acquired.machine, owner };
  const { machine, started } = await beside.start({ ...call, isOurs, signal });
  if (started.isErr()) {
    await releaseMachine(machine, ports.hostFiles, session);
    return err(started.error);
  }
  const { live: services, notReady } = started.value;
  const record = { ...acquired.record, services: services.record };
  return ok({ ...acquired, machine, record, services, ...(notReady === null ? {} : { notReady }) });
}

function neverBoth(): never {
  throw new Error('a fault without one');
}
