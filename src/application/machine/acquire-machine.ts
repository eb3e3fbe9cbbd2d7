import { err, ok, type Result } from 'neverthrow';
import pLimit, { type LimitFunction } from 'p-limit';
import type { JobCacheRecord } from '../../domain/job/cache-report.js';
import type { IncusImageIdentity, MachineAcquired } from '../../domain/job/job-outcome.js';
import type { Lease } from '../../domain/machine/lease.js';
import { snapshotHomeDir } from '../../domain/machine/remote-layout.js';
import type { StagedArtifacts } from '../../domain/mounts/artifacts-mount.js';
import type { Clock } from '../../ports/clock.js';
import type { FileStore } from '../../ports/file-store.js';
import type { WantedCache } from '../cache/wanted-caches.js';
import { abortWhenPointless } from '../commands/abort-when-pointless.js';
import type { WorkDirectory } from '../directories/work-directory.js';
import type { Journal } from '../events/journal.js';
import type { JobFault } from '../faults/job-fault.js';
import { HoldRenewer } from '../holds/hold-renewer.js';
import { touchLastUsed } from '../holds/last-used.js';
import type { HostTime } from '../lease/host-time.js';
import { newAcquisition, newOwner } from '../lease/owner.js';
import { isSnapshotMissing } from '../snapshot/is-snapshot-missing.js';
import { acquiredAs } from './acquired-as.js';
import { cancelledBefore } from './cancelled-before.js';
import { makeHostDirectory, mayHaveMade, removeHostDirectory } from './host-directory.js';
import { type LaunchTurn, launchInTurn } from './launch-in-turn.js';
import type { Machine, MachineBase, MachinePlan } from './machine-backend.js';
import type { MachineBackends } from './machine-backends.js';
import type { BootRequest, MachinePlace, MachineSpec } from './machine-spec.js';
import { releaseMachine } from './release-machine.js';
import { isWithoutRoom, lineOf, type RoomLines } from './room-line.js';

/** Attempts at one machine: its snapshot may be evicted between the look at it and the mount. */
const EVICTIONS = 5;

export interface AcquireMachineParts {
  readonly hostFiles: FileStore;
  readonly clock: Clock;
  readonly backends: MachineBackends;
  readonly hostTime: HostTime;
  readonly lines: RoomLines;
  readonly workDirectory: Pick<WorkDirectory, 'ensure' | 'path'>;
  readonly settings: { readonly leaseMs: number; readonly quotaWaitMs: number };
  /** Machines that are made at once. */
  readonly parallelCreates: number;
}

/** `R` is what is recorded of the machine for other processes. */
export interface AcquireMachineInput<R> {
  readonly place: Omit<MachinePlace, 'snapshotHash' | 'acquisition'>;
  readonly spec: MachineSpec;
  /** What a microVM starts as it boots, once the workspace is known; null for one that stays up and is given its steps later. */
  readonly boot: (() => BootRequest) | null;
  /** How long its first lease is; the configured one when left out. */
  readonly leaseMs?: number;
  /** How long room in the project is waited for; the configured time when left out. */
  readonly quotaWaitMs?: number;
  /** Told each time that it begins to wait for room. */
  readonly onQueued?: () => void;
  readonly journal: Journal;
  /**
   * Puts the workspace on the host and says what its hash is; null for a machine without one. Called again when it was evicted
   * meanwhile.
   */
  readonly stage: (signal: AbortSignal) => Promise<Result<{ readonly contentHash: string } | null, JobFault>>;
  /** Artifacts of other jobs that it mounts, once it is staged; none when left out. */
  readonly artifactsFrom?: () => readonly StagedArtifacts[];
  /** Which caches it is to have, once the workspace is known; none when left out. */
  readonly caches?: () => Promise<readonly WantedCache[]>;
  /**
   * Saves what another process needs to take the machine up; runs beside its creation, and before it where the machine begins its job as it
   * boots: of a job that may have begun there is a record.
   */
  readonly record: (made: PlannedMachine & { readonly owner: string }) => Promise<Result<R, JobFault>>;
  readonly signal: AbortSignal;
}

export interface PlannedMachine {
  readonly machine: Machine;
  readonly image: IncusImageIdentity | null;
  /** Of the workspace that it mounts. */
  readonly snapshotHash: string | null;
  /** What it has of its caches. */
  readonly caches?: readonly JobCacheRecord[];
  /** Where machines wait: whether it is one of these. */
  readonly acquired?: MachineAcquired;
}

/** A machine that runs. Whoever has it renews its lease as `owner`, and releases it. */
export interface AcquiredMachine<R> extends PlannedMachine {
  readonly record: R;
  readonly owner: string;
  /** Resolves when nothing writes to the host any more on the machine's account. */
  readonly settled: Promise<unknown>;
}

interface Launch {
  readonly plan: MachinePlan;
  readonly snapshotHash: string | null;
  /** Others that have come to wait for room before it. */
  readonly behind: () => Promise<JobFault | null>;
}

/** Gets a fresh machine. What does not depend on another thing runs beside it; what a failed attempt has made is undone here. */
export class AcquireMachine {
  readonly #parts: AcquireMachineParts;
  readonly #creates: LimitFunction;

  constructor(parts: AcquireMachineParts) {
    this.#parts = parts;
    this.#creates = pLimit(parts.parallelCreates);
  }

  /** On the host. */
  get workDir(): string {
    return this.#parts.workDirectory.path;
  }

  async acquire<R>(input: AcquireMachineInput<R>): Promise<Result<AcquiredMachine<R>, JobFault>> {
    const { hostFiles, backends, workDirectory } = this.#parts;
    const { journal, signal } = input;
    const acquisition = newAcquisition();
    const { shared: layout } = backends.machine({ ...input.place, acquisition }).context;
    // Nobody takes it for what a killed runner has left while the machine is not there.
    await using hold = new HoldRenewer({ files: hostFiles, clock: this.#parts.clock }, input.place.runId);
    let began = false;
    const directories = journal.runPhase('prepare_directories', async () => {
      const usable = await workDirectory.ensure(signal);
      if (usable.isErr()) return usable;
      began = true;
      const made = await makeHostDirectory(hostFiles, { layout, acquisition }, signal);
      if (made.isOk()) hold.keep(layout.remoteJobDir);
      return made;
    });
    const acquired = await this.#untilNotEvicted(input, acquisition, directories);
    // Also when it has failed: what is removed then must not appear afterwards.
    const made = await directories;
    if (acquired.isErr() && began && mayHaveMade(made))
      await removeHostDirectory(hostFiles, { layout, acquisition });
    return acquired;
  }

  async #untilNotEvicted<R>(
    input: AcquireMachineInput<R>,
    acquisition: string,
    directories: Promise<Result<void, JobFault>>,
  ): Promise<Result<AcquiredMachine<R>, JobFault>> {
    for (let evictions = 1; ; evictions++) {
      const acquired = await this.#attempt(input, acquisition, directories);
      if (acquired.isOk() || input.signal.aborted || evictions === EVICTIONS) return acquired;
      if (!isSnapshotMissing(acquired.error)) return acquired;
      input.journal.warn(`the snapshot was evicted; staging it again: ${acquired.error.message}`);
    }
  }

  async #attempt<R>(
    input: AcquireMachineInput<R>,
    acquisition: string,
    directories: Promise<Result<void, JobFault>>,
  ): Promise<Result<AcquiredMachine<R>, JobFault>> {
    const { journal, signal } = input;
    const place = { ...input.place, acquisition };
    const base = this.#parts.backends.machine(place).resolveBase(signal);
    const [staged, resolved, made] = await Promise.all([
      journal.runPhase('stage_workspace_snapshot', () =>
        abortWhenPointless([base, directories], input.stage, signal),
      ),
      base,
      // Until the directory is this machine's own, nothing is written and no machine is made.
      directories,
      this.#parts.hostTime.learn(signal),
    ]);
    if (made.isErr()) return err(made.error);
    if (staged.isErr()) return err(staged.error);
    const snapshotHash = staged.value?.contentHash ?? null;
    const planned = await journal.runPhase('prepare_runtime', async () =>
      resolved.isErr() ? err(resolved.error) : this.#plan(resolved.value, place, input, snapshotHash),
    );
    if (planned.isErr()) return err(planned.error);
    for (const warning of planned.value.caches?.warnings ?? []) journal.warn(warning);
    const launched = await this.#launchWhenThereIsRoom(input, planned.value, snapshotHash);
    if (launched.isErr()) await planned.value.discard?.();
    return launched;
  }

  /** No place among those that are made at once is taken up while it waits. */
  #launchWhenThereIsRoom<R>(
    input: AcquireMachineInput<R>,
    planned: MachinePlan,
    snapshotHash: string | null,
  ): Promise<Result<AcquiredMachine<R>, JobFault>> {
    const { clock, lines, backends, settings } = this.#parts;
    const { journal, signal, quotaWaitMs: waitMs = settings.quotaWaitMs } = input;
    let plan = planned;
    const call: LaunchTurn = {
      clock,
      line: lines.of(lineOf(input.spec.instanceType, planned.isQueued === true)),
      priority: input.spec.priority ?? 0,
      waitMs,
      signal,
      neverFits: async (bound) => (await planned.neverFits?.(bound)) ?? false,
      queued: (why, wait) => {
        if (why !== null) journal.warn(why);
        input.onQueued?.();
        return journal.runPhase('queued', wait);
      },
    };
    return launchInTurn(call, async (behind) => {
      let launched = await this.#launch(input, { plan, snapshotHash, behind });
      // What waits for a job keeps none from its place.
      while (launched.isErr() && isWithoutRoom(launched.error) && (await backends.makeRoom(signal)))
        launched = await this.#launch(input, { plan, snapshotHash, behind });
      if (launched.isOk() || launched.error.cause?.kind !== 'operation_failed' || signal.aborted)
        return launched;
      const without = await plan.leaveOutCaches?.(this.#lease(input, plan.machine, newOwner()), signal);
      if (without == null) return launched;
      plan = without;
      for (const warning of plan.caches?.warnings ?? []) journal.warn(warning);
      return await this.#launch(input, { plan, snapshotHash, behind });
    });
  }

  async #plan<R>(
    base: MachineBase,
    place: MachinePlace,
    { boot, caches, quotaWaitMs, signal, artifactsFrom, ...input }: AcquireMachineInput<R>,
    snapshotHash: string | null,
  ) {
    const spec = { ...input.spec, artifactsFrom: artifactsFrom?.() ?? [] };
    const mounted = snapshotHash === null ? {} : { snapshotHash };
    const wanted = (await caches?.()) ?? [];
    const { hostTime, settings } = this.#parts;
    const call = { wanted, nowMs: hostTime.now(), launchWaitMs: quotaWaitMs ?? settings.quotaWaitMs };
    const withCaches = wanted.length === 0 ? {} : { caches: call };
    return base.plan(
      { place: { ...place, ...mounted }, spec, boot: boot?.() ?? null, ...withCaches },
      signal,
    );
  }

  async #launch<R>(
    input: AcquireMachineInput<R>,
    { plan, snapshotHash, behind }: Launch,
  ): Promise<Result<AcquiredMachine<R>, JobFault>> {
    const { hostFiles, settings } = this.#parts;
    const { journal, signal, place } = input;
    const { image } = plan;
    let { machine } = plan;
    let acquired: Pick<PlannedMachine, 'acquired'> = {};
    const caches = plan.caches === undefined ? {} : { caches: plan.caches.caches };
    const owner = newOwner();
    let settled: Promise<unknown> = Promise.resolve();
    const launched = await journal.runPhase(
      'launch_guest',
      () =>
        this.#creates(async (): Promise<Result<R, JobFault>> => {
          if (signal.aborted) return err(cancelledBefore(machine));
          const ahead = await behind();
          if (ahead !== null) return err(ahead);
          const lease = this.#lease(input, machine, owner);
          // Only the release waits for it. One that fails makes the snapshot look older than it is, no more.
          if (snapshotHash !== null) {
            const home = snapshotHomeDir(this.workDir, snapshotHash);
            settled = touchLastUsed(hostFiles, home, { runId: place.runId, signal });
          }
          const claimed = await plan.claim?.({ lease, nowMs: this.#parts.hostTime.now() }, signal);
          if (claimed !== undefined && 'machine' in claimed) machine = claimed.machine;
          acquired = acquiredAs(claimed);
          const record = input.record({ machine, image, snapshotHash, owner, ...acquired, ...caches });
          const beginsAtBoot = input.boot !== null && machine.context.backend === 'microvm';
          const before = beginsAtBoot ? await record : null;
          if (before?.isErr()) return before;
          const isThere = machine !== plan.machine;
          const [created, recorded] = await Promise.all([
            isThere ? ok(undefined) : plan.create(lease, signal),
            record,
          ]);
          if (created.isErr()) return err(created.error);
          const equipped = recorded.isErr() ? ok([]) : ((await plan.equip?.(machine, signal)) ?? ok([]));
          if (recorded.isErr() || equipped.isErr()) await releaseMachine(machine, hostFiles, journal);
          if (equipped.isErr()) return err(equipped.error);
          for (const warning of equipped.value) journal.warn(warning);
          return recorded;
        }),
      // It waits then, which is a phase of its own.
      (fault) => isWithoutRoom(fault) && (input.quotaWaitMs ?? settings.quotaWaitMs) > 0,
    );
    if (launched.isErr()) {
      await settled;
      return err(launched.error);
    }
    journal.emit({ type: 'instance_created', instance: machine.name, ...acquired });
    const made = { machine, image, snapshotHash, ...acquired, ...caches };
    return ok({ ...made, owner, settled, record: launched.value });
  }

  #lease<R>({ place, leaseMs }: AcquireMachineInput<R>, { acquisition }: Machine, owner: string): Lease {
    const { hostTime, settings } = this.#parts;
    const { runId, jobId } = place;
    const expiresAtMs = hostTime.now() + (leaseMs ?? settings.leaseMs);
    return { runId, jobId, owner, acquisition, expiresAtMs };
  }
}
