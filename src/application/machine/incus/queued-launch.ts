import { err, ok, type Result } from 'neverthrow';
import { askedShare, OUT_OF_QUEUE, queueConfig } from '../../../domain/machine/host-share.js';
import { type Lease, leaseConfig } from '../../../domain/machine/lease.js';
import type { RemoteIncusContext } from '../../../domain/machine/remote-linux-vm-context.js';
import type { Clock } from '../../../ports/clock.js';
import type { IncusApi } from '../../../ports/incus-api.js';
import { awakeBound } from '../../../streams/awake-timer.js';
import type { JobFault } from '../../faults/job-fault.js';
import { incusFault } from '../../faults/port-faults.js';
import type { MachineSpec } from '../machine-spec.js';
import {
  type HostLook,
  type HostQueue,
  hasTooMuch,
  judge,
  type QueueCall,
  whyItWaits,
  whyNeverOn,
} from './host-queue.js';
import { withoutShift } from './instance-devices.js';
import { launchInstance, refusesShift } from './launch-instance.js';
import type { IncusRuntime } from './prepare-runtime.js';
import { removeInstance } from './remove-instance.js';

const PHASE = 'launch_guest';
const REMOVE_BOUND_MS = 30_000;
/** A place in the queue stays so long without its runner, however long leases are: an attempt, which renews it, is made every half a minute at least. */
const PLACE_MS = 90_000;
/** Attempts beside others who take what there is at the same moment. */
const TRIES = 20;
const PAUSE_MS = 50;

/** A machine's place in the queue, and until when it has that. */
type PlaceInQueue = QueueCall['waits'] & { readonly expiresAtMs: number | null };

export interface QueuedLaunchParts {
  readonly incus: IncusApi;
  readonly clock: Clock;
  readonly queue: HostQueue;
}

/**
 * The launch of a machine that waits until its host has what it asks for. Its place in the queue is the machine itself, made and not started:
 * all runners see it there. It takes its share by saying so and looking once more: of two who take the same at one moment at least one sees
 * the other, and whoever sees that it is too much gives back what it took before it has started anything.
 */
export class QueuedLaunch {
  readonly #parts: QueuedLaunchParts;
  readonly #context: RemoteIncusContext;
  #runtime: IncusRuntime;
  readonly #spec: MachineSpec;
  #queuedAtMs: number | null = null;
  #lease: Lease | null = null;

  constructor(
    parts: QueuedLaunchParts,
    made: {
      readonly context: RemoteIncusContext;
      readonly runtime: IncusRuntime;
      readonly spec: MachineSpec;
    },
  ) {
    this.#parts = parts;
    this.#context = made.context;
    this.#runtime = made.runtime;
    this.#spec = made.spec;
  }

  /** Why it will never have what it asks for; null where it may some day. */
  async whyNever(signal: AbortSignal): Promise<string | null> {
    const look = await this.#parts.queue.look(signal);
    return look.isErr() ? null : whyNeverOn(look.value.host, askedShare(this.#spec));
  }

  /** Why a machine that waits in a pool cannot be taken now; null where it can. */
  async whyNotNow(lease: Lease, signal: AbortSignal): Promise<string | null> {
    const looked = await this.#parts.queue.look(signal);
    if (looked.isErr()) return looked.error.message;
    const call = this.#call(lease, looked.value);
    const verdict = judge(looked.value, call);
    return verdict.fits ? null : whyItWaits(looked.value, call.asks, verdict);
  }

  /** Makes it and starts it, or says why it waits: then it has its place. */
  async create(lease: Lease, signal: AbortSignal): Promise<Result<void, JobFault>> {
    for (let tries = 1; ; tries++) {
      const looked = await this.#parts.queue.look(signal);
      if (looked.isErr()) return err(looked.error);
      const look = looked.value;
      const call = this.#call(lease, look);
      const never = whyNeverOn(look.host, call.asks);
      if (never !== null) return err(this.#fault('invalid_request', never));
      const verdict = judge(look, call);
      const put = await this.#put(lease, verdict.fits ? null : placeIn(look, call), signal);
      if (put.isErr()) return err(put.error);
      if (!verdict.fits) return err(this.#fault('quota_reached', whyItWaits(look, call.asks, verdict)));
      const again = await this.#parts.queue.look(signal);
      if (again.isErr()) return err(again.error);
      if (!hasTooMuch(again.value, call.asks)) return await this.#start(lease, signal);
      const back = await this.#put(lease, placeIn(again.value, call), signal);
      if (back.isErr()) return err(back.error);
      const pause = PAUSE_MS * tries * (0.5 + Math.random());
      if (tries === TRIES || (await this.#parts.clock.sleep(pause, signal)) === 'aborted')
        return err(
          this.#fault('quota_reached', whyItWaits(again.value, call.asks, judge(again.value, call))),
        );
    }
  }

  /** Gives up its place, where it has one. What fails is left to a reaper: the place has a lease. */
  async leave(): Promise<void> {
    const lease = this.#lease;
    if (lease === null) return;
    this.#lease = null;
    const { incusProject: project, incusInstanceName: name } = this.#context;
    const { acquisition } = lease;
    await removeInstance(
      this.#parts,
      { project, name, acquisition, keepsCopies: true },
      awakeBound(REMOVE_BOUND_MS),
    );
  }

  #call({ acquisition, runId, jobId }: Lease, { nowMs }: HostLook): QueueCall {
    this.#queuedAtMs ??= nowMs - (this.#spec.waitedMs ?? 0);
    const waits = { queuedAtMs: this.#queuedAtMs, priority: this.#spec.priority ?? 0 };
    return { id: acquisition ?? `${runId}/${jobId}`, asks: askedShare(this.#spec), waits };
  }

  /** The machine, unstarted: with its place in the queue, or without one, which is with its share. */
  async #put(lease: Lease, waits: PlaceInQueue | null, signal: AbortSignal): Promise<Result<void, JobFault>> {
    const place = waits === null ? {} : queueConfig(waits);
    const held = { ...lease, expiresAtMs: waits?.expiresAtMs ?? lease.expiresAtMs };
    if (this.#lease === null) {
      const config = { ...this.#runtime.instance.config, ...place };
      const instance = { ...this.#runtime.instance, start: false, config };
      const made = await launchInstance(
        this.#parts,
        this.#context,
        { ...this.#runtime, instance },
        held,
        signal,
      );
      if (made.isOk()) this.#lease = lease;
      return made;
    }
    const { incusProject: project, incusInstanceName: name } = this.#context;
    const change = { ...leaseConfig(held), ...(waits === null ? OUT_OF_QUEUE : place) };
    const patched = await this.#parts.incus.patchInstance(project, name, change, { signal });
    if (patched.isErr() && patched.error.kind === 'not_found') {
      // Somebody removed it by hand, or its lease had ended.
      this.#lease = null;
      return await this.#put(lease, waits, signal);
    }
    return patched.mapErr((fault) => incusFault(fault, PHASE));
  }

  async #start(lease: Lease, signal: AbortSignal): Promise<Result<void, JobFault>> {
    const { incusProject: project, incusInstanceName: name } = this.#context;
    const start = { action: 'start', timeoutSecs: 30, force: false } as const;
    const started = await this.#parts.incus.changeState(project, name, start, { signal });
    if (started.isOk()) {
      this.#lease = null;
      return ok(undefined);
    }
    await this.leave();
    const { instance } = this.#runtime;
    const plain = withoutShift(instance.devices);
    if (!refusesShift(started.error) || JSON.stringify(plain) === JSON.stringify(instance.devices))
      return err(incusFault(started.error, PHASE));
    this.#runtime = { ...this.#runtime, instance: { ...instance, devices: plain } };
    return await this.create(lease, signal);
  }

  #fault(kind: 'quota_reached' | 'invalid_request', message: string): JobFault {
    const { host } = this.#parts.incus;
    return incusFault({ kind, host, tried: 'the queue of the host', status: null, message }, PHASE);
  }
}

/** Where the host does not say its time, it is as long as any lease. */
function placeIn({ nowMs }: HostLook, { waits }: QueueCall): PlaceInQueue {
  return { ...waits, expiresAtMs: nowMs === 0 ? null : nowMs + PLACE_MS };
}
