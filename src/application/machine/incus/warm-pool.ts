import { randomBytes } from 'node:crypto';
import { err, ok, type Result } from 'neverthrow';
import type { IncusImageIdentity } from '../../../domain/job/job-outcome.js';
import { remoteLinuxVmContext } from '../../../domain/machine/remote-linux-vm-context.js';
import { poolName, waitingPlace } from '../../../domain/machine/warm-mark.js';
import { awakeBound } from '../../../streams/awake-timer.js';
import type { JobFault } from '../../faults/job-fault.js';
import { incusFault } from '../../faults/port-faults.js';
import type { HostTime } from '../../lease/host-time.js';
import { newAcquisition, newOwner } from '../../lease/owner.js';
import type { JobPorts } from '../../settings/job-ports.js';
import type { JobSettings } from '../../settings/job-settings.js';
import { isWithoutRoom } from '../room-line.js';
import { launchInstance } from './launch-instance.js';
import { prepareIncusRuntime, resolveImage } from './prepare-runtime.js';
import { removeWaiting } from './remove-waiting.js';
import { type WaitingInstance, waitingOf, whyNot } from './waiting-instance.js';

const BOUND_MS = 5 * 60_000;
/** One that has so little of its time left is replaced. */
const LEAST_LEASE_MS = 30_000;
/** What is not up by then was left by a process that was killed. */
const START_MS = 120_000;

/** A machine that waits. Times are ISO 8601, by the host's clock. */
export interface WaitingMachine {
  readonly name: string;
  readonly pool: string;
  readonly isUp: boolean;
  readonly createdAt: string;
  /** When it goes, if no job has taken it. */
  readonly endsAt: string;
}

/** The machines that wait in the project; `pool` is that of the configuration, null where it has none. */
export interface PoolStatus {
  readonly pool: string | null;
  readonly size: number;
  readonly waiting: readonly WaitingMachine[];
}

/** What was done to a pool. */
export interface PoolChange {
  readonly made: readonly string[];
  readonly removed: readonly string[];
  /** The project had no room for another. */
  readonly isCutShort: boolean;
  /** How many wait in the pool now, and how many are to. */
  readonly waiting: number;
  readonly size: number;
  /** Why there are no more, as the daemon says it; null where nothing was cut short. */
  readonly reason: string | null;
}

export interface WarmPoolParts {
  readonly ports: Pick<JobPorts, 'incus' | 'hostFiles' | 'clock' | 'shell'>;
  readonly settings: Pick<
    JobSettings,
    'backend' | 'trust' | 'warm' | 'incusProject' | 'incusProfile' | 'incusLimits' | 'workDir'
  >;
  readonly hostTime: HostTime;
}

/** What ends a call that looks at a pool or changes it. */
export interface PoolOptions {
  readonly signal?: AbortSignal;
}

/**
 * Machines that run and wait. Everything that is known of them stands on the instances: any number of runners keep one pool, and each change
 * is compared with what was read.
 */
export class WarmPool {
  readonly #parts: WarmPoolParts;
  readonly #closing = new AbortController();
  #filling: Promise<unknown> | null = null;
  #isAskedAgain = false;

  constructor(parts: WarmPoolParts) {
    this.#parts = parts;
  }

  /** Fills the pool behind the caller's back; what fails is tried again with the next job. */
  refill(): void {
    if (this.#pool === null || this.#closing.signal.aborted) return;
    if (this.#filling !== null) {
      this.#isAskedAgain = true;
      return;
    }
    this.#filling = this.#refillUntilAsked().finally(() => {
      this.#filling = null;
    });
  }

  /** Resolves when nothing is being filled. Nothing is begun afterwards. */
  async settled(): Promise<void> {
    await this.#filling;
    this.#closing.abort();
  }

  async #refillUntilAsked(): Promise<void> {
    do {
      this.#isAskedAgain = false;
      await this.fill({ signal: this.#closing.signal });
    } while (this.#isAskedAgain);
  }

  async status({ signal }: PoolOptions = {}): Promise<Result<PoolStatus, JobFault>> {
    const listed = await this.#list(bounded(signal));
    return listed.map((waiting) => ({
      pool: this.#pool,
      size: this.#parts.settings.warm?.size ?? 0,
      waiting: waiting.map(({ instance, pool, lease }) => ({
        name: instance.name,
        pool,
        isUp: instance.status === 'Running',
        createdAt: instance.createdAt,
        endsAt: new Date(lease.expiresAtMs).toISOString(),
      })),
    }));
  }

  /** Makes what is missing, and removes what the configuration does not ask for any more: of another image, too old, or too many. */
  async fill({ signal }: PoolOptions = {}): Promise<Result<PoolChange, JobFault>> {
    const { warm, incusProject: project } = this.#parts.settings;
    const pool = this.#pool;
    if (warm === null || pool === null) return err(this.#none());
    const bound = bounded(signal);
    const learnt = await this.#parts.hostTime.learn(bound);
    if (learnt.isErr()) return err(learnt.error);
    const place = { incusProject: project, incusImageAlias: warm.imageAlias };
    const image = await resolveImage(this.#parts.ports.incus, place, bound);
    if (image.isErr()) return err(image.error);
    const planned = await this.#plan(image.value, bound);
    if (planned.isErr()) return err(planned.error);
    const wanted = planned.value.runtime.instance;
    const isGood = ({ instance, lease }: WaitingInstance) =>
      whyNot(instance, wanted) === null && this.#isYoung(instance, lease.expiresAtMs);
    const found = await this.#list(bound, pool);
    if (found.isErr()) return err(found.error);
    const removed = await this.#remove(
      found.value.filter((one) => !isGood(one)),
      bound,
    );
    const made: string[] = [];
    let reason: string | null = null;
    for (let there = found.value.filter(isGood).length; there < warm.size && !bound.aborted; there++) {
      const created = await this.#make(image.value, bound);
      if (created.isErr() && isWithoutRoom(created.error)) {
        reason = created.error.message;
        break;
      }
      if (created.isErr()) return err(created.error);
      made.push(created.value);
    }
    // Others may have filled it meanwhile: all agree on which are too many.
    const now = await this.#list(bound, pool);
    if (now.isErr()) return err(now.error);
    const good = now.value.filter(isGood);
    removed.push(...(await this.#remove(good.slice(warm.size), bound)));
    const left = made.filter((name) => !removed.includes(name));
    const waiting = Math.min(good.length, warm.size);
    return ok({ made: left, removed, isCutShort: reason !== null, waiting, size: warm.size, reason });
  }

  /** Removes all that waits in the project, of whatever pool. */
  async drain({ signal }: PoolOptions = {}): Promise<Result<PoolChange, JobFault>> {
    const bound = bounded(signal);
    const listed = await this.#list(bound);
    if (listed.isErr()) return err(listed.error);
    const removed = await this.#remove(listed.value, bound);
    const waiting = listed.value.length - removed.length;
    return ok({ made: [], removed, isCutShort: false, waiting, size: 0, reason: null });
  }

  get #pool(): string | null {
    const { warm, incusProfile: profile, backend } = this.#parts.settings;
    if (warm === null || backend !== 'incus') return null;
    return poolName({ profile, imageAlias: warm.imageAlias, instanceType: warm.instanceType });
  }

  #isYoung({ status, createdAt }: WaitingInstance['instance'], endsAtMs: number): boolean {
    const now = this.#parts.hostTime.now();
    const isComing = Date.parse(createdAt) + START_MS > now;
    return endsAtMs > now + LEAST_LEASE_MS && (status === 'Running' || isComing);
  }

  async #make(image: IncusImageIdentity, signal: AbortSignal): Promise<Result<string, JobFault>> {
    const planned = await this.#plan(image, signal);
    if (planned.isErr()) return err(planned.error);
    const { context, runtime, ids } = planned.value;
    const maxAgeMs = this.#parts.settings.warm?.maxAgeMs ?? 0;
    const expiresAtMs = this.#parts.hostTime.now() + maxAgeMs;
    const lease = { ...ids, owner: newOwner(), acquisition: newAcquisition(), expiresAtMs };
    const created = await launchInstance(this.#parts.ports, context, runtime, lease, signal);
    return created.map(() => context.incusInstanceName);
  }

  async #plan(image: IncusImageIdentity, signal: AbortSignal) {
    const { ports, settings } = this.#parts;
    const pool = this.#pool ?? '';
    const ids = waitingPlace(pool, randomBytes(8).toString('hex'));
    const context = remoteLinuxVmContext({
      backend: 'incus',
      ...ids,
      remoteHost: ports.shell.host,
      remoteWorkDir: settings.workDir,
      incusProject: settings.incusProject,
      incusProfile: settings.incusProfile,
      incusImageAlias: image.alias,
    });
    const spec = {
      limits: {},
      instanceType: settings.warm?.instanceType ?? 'container',
      extraProfiles: [],
      preparedOutputs: [],
      writableWorkspace: false,
    } as const;
    const from = { image, limits: settings.incusLimits, trust: settings.trust };
    const place = { ...ids, acquisition: null, pool };
    const spent = { spec: { ...spec, extraProfiles: [], preparedOutputs: [] }, place };
    const runtime = await prepareIncusRuntime(ports, context, spent, from, signal);
    return runtime.map((planned) => ({ context, ids, runtime: planned }));
  }

  /** In an order that all agree on: the oldest first. */
  async #list(signal: AbortSignal, pool?: string): Promise<Result<readonly WaitingInstance[], JobFault>> {
    const { ports, settings } = this.#parts;
    if (settings.backend !== 'incus') return err(this.#none());
    const listed = await ports.incus.instances(settings.incusProject, { signal });
    if (listed.isErr()) return err(incusFault(listed.error, null));
    const waiting = listed.value.flatMap((instance) => waitingOf(instance) ?? []);
    const order = ({ instance }: WaitingInstance) => `${instance.createdAt} ${instance.name}`;
    return ok(
      waiting
        .filter((one) => pool === undefined || one.pool === pool)
        .sort((one, other) => (order(one) < order(other) ? -1 : 1)),
    );
  }

  async #remove(waiting: readonly WaitingInstance[], signal: AbortSignal): Promise<string[]> {
    const { ports, settings } = this.#parts;
    const removed: string[] = [];
    for (const { instance } of waiting) {
      const { name } = instance;
      if (await removeWaiting(ports, { project: settings.incusProject, name }, signal)) removed.push(name);
    }
    return removed;
  }

  #none(): JobFault {
    const { backend } = this.#parts.settings;
    const message =
      backend === 'incus'
        ? 'the configuration has no pool: "warm": {"size": 2} makes one'
        : 'machines that wait need the backend "incus": there are none of microVMs yet';
    const { host } = this.#parts.ports.shell;
    return { kind: 'backend_unavailable', phase: null, host, message, field: 'warm' };
  }
}

function bounded(signal: AbortSignal | undefined): AbortSignal {
  const bound = awakeBound(BOUND_MS);
  return signal === undefined ? bound : AbortSignal.any([signal, bound]);
}
