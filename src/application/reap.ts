import { err, ok, type Result } from 'neverthrow';
import { jobIdSchema, runIdSchema } from '../domain/identifier.js';
import { type Lease, leaseConfig, leaseHasEnded, readLease } from '../domain/lease.js';
import { remoteLayout } from '../domain/remote-layout.js';
import type { IncusInstance } from '../ports/incus-types.js';
import { removeJobDir } from './clean-up-job.js';
import { incusFault } from './fault-of.js';
import type { HostTime } from './host-time.js';
import { newReaper } from './incus/lease-keeper.js';
import { removeInstance } from './incus/remove-instance.js';
import type { JobFault } from './job-fault.js';
import type { JobPorts } from './job-ports.js';
import type { ReapOptions } from './pikaci.js';
import type { ReapReport } from './reap-report.js';
import type { Evict } from './retention/evict.js';

const BOUND_MS = 10 * 60_000;
/** How long a claimed instance is left to the reaper that claimed it. */
const CLAIM_MS = 120_000;
const RACES = 3;
/** An upload that was given up this long ago. */
const STALE_STAGING_MS = 24 * 3600_000;

type Claim =
  | { readonly kind: 'claimed'; readonly lease: Lease }
  | { readonly kind: 'deleted' }
  | { readonly kind: 'alive' }
  | { readonly kind: 'failed'; readonly message: string };

/**
 * Deletes the instances whose lease has ended. Each is claimed first, with `If-Match`: an owner who renews in that moment
 * wins, and of two reapers one does.
 */
export class Reap {
  readonly #ports: JobPorts;
  readonly #settings: { readonly incusProject: string; readonly workDir: string };
  readonly #hostTime: HostTime;
  readonly #evict: Pick<Evict, 'evict'>;

  constructor(
    ports: JobPorts,
    settings: { readonly incusProject: string; readonly workDir: string },
    hostTime: HostTime,
    evict: Pick<Evict, 'evict'>,
  ) {
    this.#ports = ports;
    this.#settings = settings;
    this.#hostTime = hostTime;
    this.#evict = evict;
  }

  async reap(options: ReapOptions): Promise<Result<ReapReport, JobFault>> {
    const bound = AbortSignal.timeout(BOUND_MS);
    const signal = options.signal === undefined ? bound : AbortSignal.any([options.signal, bound]);
    // Without the host's time nothing can be said to have ended.
    const learnt = await this.#hostTime.learn(signal);
    if (learnt.isErr()) return err(incusFault(learnt.error, 'clean_up'));
    const listed = await this.#ports.incus.instances(this.#settings.incusProject, { signal });
    if (listed.isErr()) return err(incusFault(listed.error, 'clean_up'));

    const deleted: string[] = [];
    const alive: string[] = [];
    const failed: { instance: string; message: string }[] = [];
    for (const instance of listed.value) {
      const lease = readLease(instance.config);
      if (lease === null) continue;
      if (!leaseHasEnded(lease, this.#hostTime.now())) alive.push(instance.name);
      else if (options.dryRun === true) deleted.push(instance.name);
      else {
        const end = await this.#remove(instance, signal);
        if (end === 'deleted') deleted.push(instance.name);
        else if (end === 'alive') alive.push(instance.name);
        else failed.push({ instance: instance.name, message: end.message });
      }
    }
    if (options.dryRun !== true) await this.#removeStaleStaging(signal);
    // After the machines: what they mounted may go as well.
    const { keep: bounds = {}, dryRun = false } = options;
    const kept = await this.#evict.evict({ bounds, dryRun, signal });
    return ok({ deleted, alive, failed, kept });
  }

  async #remove(
    { name }: IncusInstance,
    signal: AbortSignal,
  ): Promise<'deleted' | 'alive' | { readonly message: string }> {
    const claimed = await this.#claim(name, signal);
    if (claimed.kind !== 'claimed') return claimed.kind === 'failed' ? claimed : claimed.kind;
    const removed = await removeInstance(this.#ports, this.#settings.incusProject, name, signal);
    if (removed.isErr()) return removed.error;
    await this.#removeJobDir(claimed.lease, signal);
    return 'deleted';
  }

  /** Reads and writes with one ETag: what has been renewed in between is not claimed. */
  async #claim(name: string, signal: AbortSignal): Promise<Claim> {
    const { incus } = this.#ports;
    const { incusProject: project } = this.#settings;
    for (let race = 0; race < RACES; race++) {
      const current = await incus.instance(project, name, { signal });
      if (current.isErr()) {
        const { kind, message } = current.error;
        return kind === 'not_found' ? { kind: 'deleted' } : { kind: 'failed', message };
      }
      const lease = readLease(current.value.value.config);
      if (lease === null || !leaseHasEnded(lease, this.#hostTime.now())) return { kind: 'alive' };
      const claim = { ...lease, owner: newReaper(), expiresAtMs: this.#hostTime.now() + CLAIM_MS };
      const { etag } = current.value;
      const written = await incus.patchInstance(project, name, leaseConfig(claim), { etag, signal });
      if (written.isOk()) return { kind: 'claimed', lease };
      if (written.error.kind === 'not_found') return { kind: 'deleted' };
      if (written.error.kind !== 'stale') return { kind: 'failed', message: written.error.message };
    }
    return { kind: 'alive' };
  }

  /** The lease's ids come from the instance, where anybody may have written them: they are checked before they name a path. */
  async #removeJobDir(lease: Lease, signal: AbortSignal): Promise<void> {
    if (!runIdSchema.safeParse(lease.runId).success || !jobIdSchema.safeParse(lease.jobId).success) return;
    const place = { runId: lease.runId, jobId: lease.jobId, remoteWorkDir: this.#settings.workDir };
    await removeJobDir(this.#ports, { shared: remoteLayout(place) }, signal);
  }

  async #removeStaleStaging(signal: AbortSignal): Promise<void> {
    const { hostFiles } = this.#ports;
    const snapshots = `${this.#settings.workDir}/snapshots`;
    const listed = await hostFiles.list(snapshots, { signal });
    if (listed.isErr()) return;
    for (const { name } of listed.value.filter((entry) => entry.name.startsWith('.staging-'))) {
      const stat = await hostFiles.lstat(`${snapshots}/${name}`, { signal });
      const stale = stat.isOk() && stat.value.mtimeMs < this.#hostTime.now() - STALE_STAGING_MS;
      if (stale) await hostFiles.remove(`${snapshots}/${name}`, { recursive: true, signal });
    }
  }
}
