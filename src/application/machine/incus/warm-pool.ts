import { err, ok, type Result } from 'neverthrow';
import { poolName } from '../../../domain/machine/warm-mark.js';
import { awakeBound } from '../../../streams/awake-timer.js';
import type { JobFault } from '../../faults/job-fault.js';
import { incusFault } from '../../faults/port-faults.js';
import type { HostTime } from '../../lease/host-time.js';
import { newAcquisition, newOwner } from '../../lease/owner.js';
import type { JobPorts } from '../../settings/job-ports.js';
import type { JobSettings } from '../../settings/job-settings.js';
import type { MachineBaseSource } from '../machine-spec.js';
import { isWithoutRoom } from '../room-line.js';
import { launchInstance } from './launch-instance.js';
import { planWaiting } from './plan-waiting.js';
import { PoolRefills } from './pool-refills.js';
import { poolSource, templatesOf } from './pool-source.js';
import { type PoolChange, type PoolStatus, waitingMachine } from './pool-status.js';
import { poolRecord, recordPool } from './record-pool.js';
import { removeWaiting } from './remove-waiting.js';
import { type WaitingInstance, waitingOf, whyReplaced } from './waiting-instance.js';

const BOUND_MS = 5 * 60_000;
export interface WarmPoolParts {
  readonly ports: Pick<JobPorts, 'incus' | 'hostFiles' | 'localFiles' | 'clock' | 'shell'>;
  readonly settings: Pick<
    JobSettings,
    'backend' | 'trust' | 'warm' | 'incusProject' | 'incusProfile' | 'incusLimits' | 'workDir' | 'stateRoot'
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
  readonly #refills = new PoolRefills((signal) => this.fill({ signal }));

  constructor(parts: WarmPoolParts) {
    this.#parts = parts;
  }

  /** Fills the pool behind the caller's back; what fails is tried again with the next job. */
  refill(): void {
    if (this.#pool !== null) this.#refills.ask();
  }

  /** Resolves when nothing is being filled. Nothing is begun afterwards. */
  settled(): Promise<void> {
    return this.#refills.settled();
  }

  async status({ signal }: PoolOptions = {}): Promise<Result<PoolStatus, JobFault>> {
    const { ports, settings, hostTime } = this.#parts;
    if (settings.backend !== 'incus') return err(this.#none());
    const bound = bounded(signal);
    const [learnt, listed] = await Promise.all([
      hostTime.learn(bound),
      ports.incus.instances(settings.incusProject, { signal: bound }),
    ]);
    if (learnt.isErr()) return err(learnt.error);
    if (listed.isErr()) return err(incusFault(listed.error, null));
    const wanted = this.#pool === null ? null : await this.#wanted(bound);
    const templates = templatesOf(listed.value);
    const why = (one: WaitingInstance) =>
      wanted === null || wanted.isErr() || one.pool !== this.#pool
        ? null
        : whyReplaced(one, wanted.value.instance, hostTime.now());
    return ok({
      pool: this.#pool,
      size: settings.warm?.size ?? 0,
      waiting: inOrder(listed.value.flatMap((instance) => waitingOf(instance) ?? [])).map((one) =>
        waitingMachine(one, templates, why(one)),
      ),
      problem: wanted?.isErr() === true ? wanted.error.message : null,
    });
  }

  /** Makes what is missing, and removes what the configuration does not ask for any more: of another image, too old, or too many. */
  async fill(options: PoolOptions = {}): Promise<Result<PoolChange, JobFault>> {
    const filled = await this.#fill(options);
    await this.#record(filled);
    return filled;
  }

  async #fill({ signal }: PoolOptions): Promise<Result<PoolChange, JobFault>> {
    const { settings, hostTime } = this.#parts;
    const { warm } = settings;
    const pool = this.#pool;
    if (warm === null || pool === null) return err(this.#none());
    const bound = bounded(signal);
    const learnt = await hostTime.learn(bound);
    if (learnt.isErr()) return err(learnt.error);
    const wanted = await this.#wanted(bound);
    if (wanted.isErr()) return err(wanted.error);
    const { source, instance } = wanted.value;
    const isGood = (one: WaitingInstance) => whyReplaced(one, instance, hostTime.now()) === null;
    const found = await this.#list(bound, pool);
    if (found.isErr()) return err(found.error);
    const removed = await this.#remove(
      found.value.filter((one) => !isGood(one)),
      bound,
    );
    const made: string[] = [];
    let reason: string | null = null;
    for (let there = found.value.filter(isGood).length; there < warm.size && !bound.aborted; there++) {
      const created = await this.#make(source, bound);
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
    const drained = ok({ made: [], removed, isCutShort: false, waiting, size: 0, reason: null });
    await this.#record(drained);
    return drained;
  }

  /** For those who look at the state root and ask no host. A pool that cannot be looked at keeps the record that it has. */
  async #record(changed: Result<PoolChange, JobFault>): Promise<void> {
    const { ports, settings } = this.#parts;
    const { warm, incusProject } = settings;
    if (warm === null || this.#pool === null) return;
    const status = await this.status();
    if (status.isErr()) return;
    const problem = changed.isErr() ? changed.error.message : (changed.value.reason ?? status.value.problem);
    const seen = {
      ...status.value,
      problem,
      host: ports.shell.host,
      incusProject,
      seenAtMs: ports.clock.now(),
    };
    await recordPool(ports.localFiles, settings.stateRoot, poolRecord(warm, seen));
  }

  get #pool(): string | null {
    const { warm, incusProfile: profile, backend } = this.#parts.settings;
    return warm === null || backend !== 'incus' ? null : poolName({ profile, ...warm });
  }

  /** What a machine of the pool would be made with now. */
  async #wanted(signal: AbortSignal) {
    const { ports, settings, hostTime } = this.#parts;
    const { incusProject: project, warm } = settings;
    if (warm === null) return err(this.#none());
    const source = await poolSource(ports.incus, { project, warm, nowMs: hostTime.now() }, signal);
    if (source.isErr()) return err(source.error);
    const planned = await planWaiting(this.#parts, { pool: this.#pool ?? '', source: source.value }, signal);
    return planned.map(({ runtime: { instance } }) => ({ source: source.value, instance }));
  }

  async #make(source: MachineBaseSource, signal: AbortSignal): Promise<Result<string, JobFault>> {
    const planned = await planWaiting(this.#parts, { pool: this.#pool ?? '', source }, signal);
    if (planned.isErr()) return err(planned.error);
    const { context, runtime, ids } = planned.value;
    const maxAgeMs = this.#parts.settings.warm?.maxAgeMs ?? 0;
    const expiresAtMs = this.#parts.hostTime.now() + maxAgeMs;
    const lease = { ...ids, owner: newOwner(), acquisition: newAcquisition(), expiresAtMs };
    const created = await launchInstance(this.#parts.ports, context, runtime, lease, signal);
    return created.map(() => context.incusInstanceName);
  }

  async #list(signal: AbortSignal, pool?: string): Promise<Result<readonly WaitingInstance[], JobFault>> {
    const { ports, settings } = this.#parts;
    if (settings.backend !== 'incus') return err(this.#none());
    const listed = await ports.incus.instances(settings.incusProject, { signal });
    if (listed.isErr()) return err(incusFault(listed.error, null));
    const waiting = listed.value.flatMap((instance) => waitingOf(instance) ?? []);
    return ok(inOrder(waiting.filter((one) => pool === undefined || one.pool === pool)));
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
        : 'machines that wait need the backend "incus": there are none of microVMs yet, whose mounts are given to them as they boot';
    const { host } = this.#parts.ports.shell;
    return { kind: 'backend_unavailable', phase: null, host, message, field: 'warm' };
  }
}

/** In an order that all agree on: the oldest first. */
function inOrder(waiting: readonly WaitingInstance[]): readonly WaitingInstance[] {
  const order = ({ instance }: WaitingInstance) => `${instance.createdAt} ${instance.name}`;
  return [...waiting].sort((one, other) => (order(one) < order(other) ? -1 : 1));
}

function bounded(signal: AbortSignal | undefined): AbortSignal {
  const bound = awakeBound(BOUND_MS);
  return signal === undefined ? bound : AbortSignal.any([signal, bound]);
}
