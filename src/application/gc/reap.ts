import { err, ok, type Result } from 'neverthrow';
import { incusInstanceName } from '../../domain/machine/incus-instance-name.js';
import { type Lease, leaseHasEnded } from '../../domain/machine/lease.js';
import { remoteLayout } from '../../domain/machine/remote-layout.js';
import type { RetentionBounds } from '../../domain/target/retention.js';
import { jobIdSchema, runIdSchema } from '../../domain/values/identifier.js';
import { whyNoNumber } from '../../domain/values/whole-number.js';
import { awakeBound } from '../../streams/awake-timer.js';
import type { WorkDirectory } from '../directories/work-directory.js';
import type { JobFault } from '../faults/job-fault.js';
import type { HostTime } from '../lease/host-time.js';
import { newReaper } from '../lease/owner.js';
import { removeHostDirectory } from '../machine/host-directory.js';
import type { LeasedMachine } from '../machine/leased-machine.js';
import type { MachineBackends } from '../machine/machine-backends.js';
import type { KeepLeftJob } from '../recover/keep-left-job.js';
import type { JobPorts } from '../settings/job-ports.js';
import { removeAbandonedDirectories } from './abandoned-directories.js';
import type { Evict, EvictOptions } from './evict.js';
import type { EvictCaches } from './evict-caches.js';
import { evictKeptJobs } from './evict-kept-jobs.js';
import { evictRunCopies } from './evict-run-copies.js';
import { bothReports, type EvictTemplates } from './evict-templates.js';
import { removeLeftPlaces } from './left-places.js';
import type { ReapReport } from './reap-report.js';

const BOUND_MS = 10 * 60_000;
/** How long a claimed instance is left to the reaper that claimed it. */
const CLAIM_MS = 120_000;
const RACES = 3;
/** An upload that was given up this long ago. */
const STALE_STAGING_MS = 24 * 3600_000;

type Claim =
  /** With what it was before. */
  | { readonly kind: 'claimed'; readonly lease: Lease; readonly owner: string }
  | { readonly kind: 'deleted' }
  | { readonly kind: 'alive' }
  | { readonly kind: 'failed'; readonly message: string };

/** How far a reaper goes. An abort leaves the rest for the next one. */
export interface ReapOptions {
  readonly signal?: AbortSignal;
  /** Say what would be removed, and remove nothing. */
  readonly dryRun?: boolean;
  /** What is kept of snapshots and prepared outputs, instead of the configuration's `retention`. */
  readonly keep?: Partial<RetentionBounds>;
}

export interface ReapParts {
  readonly ports: Pick<JobPorts, 'hostFiles' | 'shell'>;
  readonly settings: { readonly workDir: string; readonly retention: RetentionBounds };
  readonly keepLeftJob: Pick<KeepLeftJob, 'keep'>;
  readonly backends: Pick<MachineBackends, 'leased' | 'names' | 'serviceNetworks'>;
  readonly hostTime: HostTime;
  readonly evict: Pick<Evict, 'evict'>;
  readonly evictTemplates: Pick<EvictTemplates, 'evict' | 'leftImages'>;
  readonly evictCaches: Pick<EvictCaches, 'evict'>;
  readonly workDirectory: Pick<WorkDirectory, 'check'>;
}

/**
 * Deletes the machines whose lease has ended, and keeps on the host what their jobs have left. Each is claimed first: an owner who renews in
 * that moment wins, and of two reapers one does.
 */
export class Reap {
  readonly #parts: ReapParts;

  constructor(parts: ReapParts) {
    this.#parts = parts;
  }

  async reap(options: ReapOptions): Promise<Result<ReapReport, JobFault>> {
    const bound = awakeBound(BOUND_MS);
    const signal = options.signal === undefined ? bound : AbortSignal.any([options.signal, bound]);
    const bad = whyNoNumber([
      { name: 'keep.keepDays', value: options.keep?.keepDays, mayBePart: true },
      { name: 'keep.keepBytes', value: options.keep?.keepBytes ?? undefined },
    ]);
    if (bad !== null) {
      const { host } = this.#parts.ports.hostFiles;
      return err({ kind: 'invalid_job', phase: null, host, message: bad.message, field: bad.name });
    }
    const usable = await this.#parts.workDirectory.check(signal);
    if (usable.isErr()) return err({ ...usable.error, phase: 'clean_up' });
    // Without the host's time nothing can be said to have ended.
    const learnt = await this.#parts.hostTime.learn(signal);
    if (learnt.isErr()) return err({ ...learnt.error, phase: 'clean_up' });
    const listed = await this.#parts.backends.leased(signal);
    if (listed.isErr()) return err(listed.error);

    const deleted: string[] = [];
    const alive: string[] = [];
    const failed: { instance: string; message: string }[] = [];
    const keptJobs: { runId: string; jobId: string }[] = [];
    const notKept: { instance: string; message: string }[] = [];
    const keep = async (name: string, left: Lease) => {
      const nowMs = this.#parts.hostTime.now();
      const end = await this.#parts.keepLeftJob.keep(name, left, { nowMs, signal });
      if (end.kind === 'kept') keptJobs.push({ runId: end.runId, jobId: end.jobId });
      if (end.kind !== 'failed') return null;
      if (end.isToStay) return end.message;
      notKept.push({ instance: name, message: end.message });
      return null;
    };
    for (const machine of listed.value) {
      const { name, lease } = machine;
      if (!leaseHasEnded(lease, this.#parts.hostTime.now())) alive.push(name);
      else if (options.dryRun === true) deleted.push(name);
      else {
        const end = await this.#remove(machine, keep, signal);
        if (end === 'deleted') deleted.push(name);
        else if (end === 'alive') alive.push(name);
        else failed.push({ instance: name, message: end.message });
      }
    }
    if (options.dryRun !== true) {
      await this.#removeStaleStaging(signal);
      const { workDir } = this.#parts.settings;
      const [files, nowMs] = [this.#parts.ports.hostFiles, this.#parts.hostTime.now()];
      await removeLeftPlaces({ files, workDir, nowMs, signal });
    }
    // After the machines: what they mounted may go as well.
    const { keep: bounds = {}, dryRun = false } = options;
    const eviction = { bounds, dryRun, signal };
    const templates = await this.#parts.evictTemplates.evict(eviction);
    const images = await this.#parts.evictTemplates.leftImages({ dryRun, signal });
    const caches = await this.#parts.evictCaches.evict(eviction);
    const kept = [templates, caches.report, ...(await this.#evictLeft(eviction))].reduce(
      bothReports,
      await this.#parts.evict.evict(eviction),
    );
    const abandoned = await this.#removeAbandoned(dryRun, signal);
    const nowMs = this.#parts.hostTime.now();
    const networks = (await this.#parts.backends.serviceNetworks?.sweep(nowMs, { dryRun, signal })) ?? ok([]);
    const notLookedFor = [abandoned, networks].flatMap((one) => (one.isErr() ? [one.error.message] : []));
    return ok({
      deleted,
      alive,
      failed,
      keptJobs,
      notKept,
      abandoned: [...abandoned.unwrapOr([]), ...caches.abandoned, ...networks.unwrapOr([]), ...images],
      abandonedFailed: notLookedFor.length === 0 ? null : notLookedFor.join('; '),
      kept,
    });
  }

  async #remove(
    machine: LeasedMachine,
    keep: (name: string, lease: Lease) => Promise<string | null>,
    signal: AbortSignal,
  ): Promise<'deleted' | 'alive' | { readonly message: string }> {
    const claimed = await this.#claim(machine, signal);
    if (claimed.kind !== 'claimed') return claimed.kind === 'failed' ? claimed : claimed.kind;
    const notYet = await keep(machine.name, claimed.lease);
    if (notYet !== null) await this.#giveBack(machine, claimed);
    if (notYet !== null)
      return { message: `it stays until what its job has left can be kept on the host: ${notYet}` };
    // What it left is with the machine still, and kept by the next reaper.
    if (signal.aborted) return { message: 'the reaper was stopped before it was removed' };
    const removed = await machine.remove(signal);
    if (removed.isErr()) return removed.error;
    await this.#removeJobDir(machine.name, claimed.lease, signal);
    return 'deleted';
  }

  /** A machine that stays may be taken up meanwhile. */
  async #giveBack({ place }: LeasedMachine, { lease, owner }: Extract<Claim, { readonly kind: 'claimed' }>) {
    const { signal } = new AbortController();
    const current = await place.read(signal);
    if (current.isOk() && current.value.lease?.owner === owner)
      await place.write(lease, current.value.version, signal);
  }

  /** Reads and writes one version: what has been renewed in between is not claimed. */
  async #claim({ place }: LeasedMachine, signal: AbortSignal): Promise<Claim> {
    for (let race = 0; race < RACES; race++) {
      const current = await place.read(signal);
      if (current.isErr()) {
        const { kind, fault } = current.error;
        return kind === 'not_found' ? { kind: 'deleted' } : { kind: 'failed', message: fault.message };
      }
      const { lease, version } = current.value;
      if (lease === null || !leaseHasEnded(lease, this.#parts.hostTime.now())) return { kind: 'alive' };
      const owner = newReaper();
      const claim = { ...lease, owner, expiresAtMs: this.#parts.hostTime.now() + CLAIM_MS };
      const written = await place.write(claim, version, signal);
      if (written.isOk()) return { kind: 'claimed', lease, owner };
      if (written.error.kind === 'not_found') return { kind: 'deleted' };
      if (written.error.kind !== 'stale') return { kind: 'failed', message: written.error.fault.message };
    }
    return { kind: 'alive' };
  }

  /**
   * The lease's ids come from the instance, where anybody may have written them: they are checked before they name a path, and it is theirs
   * only if the machine has the name that follows from them.
   */
  async #removeJobDir(name: string, lease: Lease, signal: AbortSignal): Promise<void> {
    if (!runIdSchema.safeParse(lease.runId).success || !jobIdSchema.safeParse(lease.jobId).success) return;
    if (incusInstanceName(lease.runId, lease.jobId) !== name) return;
    const place = { runId: lease.runId, jobId: lease.jobId, remoteWorkDir: this.#parts.settings.workDir };
    const directory = { layout: remoteLayout(place), acquisition: lease.acquisition };
    await removeHostDirectory(this.#parts.ports.hostFiles, directory, signal);
  }

  /** Which machines there are is asked first: one that comes later has a directory with a younger stamp. */
  async #removeAbandoned(dryRun: boolean, signal: AbortSignal): Promise<Result<readonly string[], JobFault>> {
    const { ports, settings, backends, hostTime } = this.#parts;
    const names = await backends.names(signal);
    if (names.isErr()) return err(names.error);
    const machines = new Set(names.value);
    const at = { files: ports.hostFiles, workDir: settings.workDir, nowMs: hostTime.now() };
    return removeAbandonedDirectories({ ...at, machines, dryRun, signal });
  }

  /** What was left of jobs and runs whose runner is gone. */
  #evictLeft(eviction: EvictOptions) {
    const { ports, settings, hostTime } = this.#parts;
    const call = { ...eviction, ...ports, ...settings, nowMs: hostTime.now() };
    return Promise.all([evictKeptJobs(call), evictRunCopies(call)]);
  }

  async #removeStaleStaging(signal: AbortSignal): Promise<void> {
    const { hostFiles } = this.#parts.ports;
    const snapshots = `${this.#parts.settings.workDir}/snapshots`;
    const listed = await hostFiles.list(snapshots, { signal });
    if (listed.isErr()) return;
    for (const { name } of listed.value.filter((entry) => entry.name.startsWith('.staging-'))) {
      const stat = await hostFiles.lstat(`${snapshots}/${name}`, { signal });
      const stale = stat.isOk() && stat.value.mtimeMs < this.#parts.hostTime.now() - STALE_STAGING_MS;
      if (stale) await hostFiles.remove(`${snapshots}/${name}`, { recursive: true, signal });
    }
  }
}
