import { err, ok, type Result } from 'neverthrow';
import type { ServiceSpec } from '../../domain/machine/service-spec.js';
import type { JobFault } from '../faults/job-fault.js';
import { LeaseRenewer } from '../lease/lease-renewer.js';
import type { AcquiredMachine } from '../machine/acquire-machine.js';
import type { MachineBaseSource } from '../machine/machine-spec.js';
import { releaseMachine } from '../machine/release-machine.js';
import type { AcquiredServices } from './acquired-services.js';
import type { JobServices } from './job-services.js';
import type { LiveServices } from './live-services.js';
import { RoomForAll } from './room-for-all.js';
import type { ServedJob, ServiceParts } from './service-parts.js';

/** No service is called so. */
const JOB = '';
/** For others to take the room that was given back; up to twice as long. */
const PAUSE_MS = 7500;

/** How a machine is acquired that others are needed with. */
export interface AcquireTogether {
  /** How long room is waited for. */
  readonly quotaWaitMs: number;
  /** It has begun to wait for room. */
  readonly onQueued: () => void;
  readonly signal: AbortSignal;
}

export interface AcquireWithServices<R> {
  readonly job: ServedJob;
  readonly specs: readonly ServiceSpec[];
  readonly bases: ReadonlyMap<string, MachineBaseSource>;
  readonly acquire: (call: AcquireTogether) => Promise<Result<AcquiredMachine<R>, JobFault>>;
  readonly leaseMs: number;
  /** How long room for all of them is waited for. */
  readonly quotaWaitMs: number;
  readonly isOurs: () => Promise<boolean>;
  readonly signal: AbortSignal;
}

type Parts = Pick<ServiceParts, 'ports' | 'hostTime'>;

/** The machine of a job, with what is beside it. */
export interface ServedMachine<R> extends AcquiredMachine<R> {
  /** Of a job that has some. */
  readonly services?: LiveServices;
  /** Why the job cannot begin; left out when it can. */
  readonly notReady?: string;
}

/** Makes the machine of a job and those of its services beside each other, and waits for the services. When one of them cannot be had, none stays. */
export async function acquireWithServices<R>(
  parts: Parts,
  beside: JobServices,
  call: AcquireWithServices<R>,
): Promise<Result<ServedMachine<R>, JobFault>> {
  const { job, specs, leaseMs, quotaWaitMs, acquire, isOurs, signal } = call;
  if (specs.length === 0) return await acquire({ quotaWaitMs, onQueued: () => {}, signal });
  const all = await acquireAll(parts, beside, call);
  if (all.isErr()) return err(all.error);
  const { acquired, services } = all.value;
  const { owner } = acquired;
  const start = { job, specs, services, machine: acquired.machine, owner, leaseMs, isOurs, signal };
  const { machine, started } = await beside.start(start);
  if (started.isErr()) {
    await releaseMachine(machine, parts.ports.hostFiles, job);
    return err(started.error);
  }
  const { live, notReady } = started.value;
  return ok({ ...acquired, machine, services: live, ...(notReady === null ? {} : { notReady }) });
}

interface All<R> {
  readonly acquired: AcquiredMachine<R>;
  readonly services: AcquiredServices;
}

/** All of them, or none: where others have a part of the room that they need, and they the others', they give theirs back and come again. */
async function acquireAll<R>(
  parts: Parts,
  beside: JobServices,
  call: AcquireWithServices<R>,
): Promise<Result<All<R>, JobFault>> {
  const { clock } = parts.ports;
  const { job, specs, signal } = call;
  const never = await beside.whyNever(specs.length + 1, signal);
  if (never !== null) return err(never);
  const untilMs = clock.monotonic() + call.quotaWaitMs;
  for (;;) {
    using room = new RoomForAll(clock);
    const quotaWaitMs = Math.max(0, untilMs - clock.monotonic());
    const made = await acquireOnce(parts, beside, { ...call, quotaWaitMs }, room);
    if (made.isOk() || made.error.kind !== 'cancelled' || signal.aborted || !room.gaveWay.aborted)
      return made;
    const pauseMs = PAUSE_MS * (1 + Math.random());
    const whose = `the job and its ${specs.length === 1 ? 'service' : `${specs.length} services`}`;
    job.warn(
      `there was no room for all machines of ${whose}: those that were made are given back, as others may wait for them, and all are tried for again in ${Math.round(pauseMs / 1000)} s`,
    );
    if ((await clock.sleep(pauseMs, signal)) === 'aborted') return made;
  }
}

async function acquireOnce<R>(
  { ports, hostTime }: Parts,
  beside: JobServices,
  { job, specs, bases, leaseMs, quotaWaitMs, acquire, signal }: AcquireWithServices<R>,
  room: RoomForAll,
): Promise<Result<All<R>, JobFault>> {
  const pointless = new AbortController();
  const whileUseful = AbortSignal.any([signal, pointless.signal, room.gaveWay]);
  const orGiveUp = async <T>(work: Promise<Result<T, JobFault>>) => {
    const done = await work;
    if (done.isErr()) pointless.abort();
    return done;
  };
  const renewed = async (work: Promise<Result<AcquiredMachine<R>, JobFault>>) => {
    const done = await work;
    if (done.isErr()) return err(done.error);
    room.made(JOB);
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
  const own = { quotaWaitMs, onQueued: () => room.waits(JOB), signal: whileUseful };
  const [first, others] = await Promise.all([
    orGiveUp(renewed(acquire(own))),
    orGiveUp(beside.acquire({ job, specs, bases, leaseMs, quotaWaitMs, room, signal: whileUseful })),
  ]);
  if (first.isOk()) await first.value.renewer[Symbol.asyncDispose]();
  if (first.isOk() && others.isOk()) return ok({ acquired: first.value.acquired, services: others.value });
  if (others.isOk()) await beside.discard(others.value);
  if (first.isOk()) await releaseMachine(first.value.acquired.machine, ports.hostFiles, job);
  const why = [first, others].flatMap((one) => (one.isErr() ? [one.error] : []));
  // What was given up for the other's sake was cancelled.
  return err(why.find(({ kind }) => kind !== 'cancelled') ?? why[0] ?? neverBoth());
}

function neverBoth(): never {
  throw new Error('a fault without one');
}
