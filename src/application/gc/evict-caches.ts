import { randomUUID } from 'node:crypto';
import {
  CACHE_COPY_NAMES,
  CACHE_NAMES,
  readCacheCopy,
  readCacheMark,
  readCacheSaver,
} from '../../domain/machine/cache-mark.js';
import type { RemoteLinuxVmBackend } from '../../domain/machine/remote-linux-vm-context.js';
import { chooseEvictions, type KeptEntry, type RetentionBounds } from '../../domain/target/retention.js';
import type { IncusApi } from '../../ports/incus-api.js';
import type { IncusVolume } from '../../ports/incus-types.js';
import { SAVER_MS } from '../cache/cache-bounds.js';
import { CacheStore } from '../cache/cache-store.js';
import { removeCopies } from '../cache/remove-copies.js';
import type { HostTime } from '../lease/host-time.js';
import { rootDevice } from '../machine/incus/prepare-runtime.js';
import type { EvictOptions } from './evict.js';
import type { EvictionReport } from './eviction-report.js';

export interface EvictCachesSettings {
  readonly backend: RemoteLinuxVmBackend;
  readonly incusProject: string;
  readonly incusProfile: string;
  readonly retention: RetentionBounds;
}

export interface EvictedCaches {
  readonly report: EvictionReport;
  /** Volumes that killed runners had left. */
  readonly abandoned: readonly string[];
}

/** Where a sweep is: the pool of the project's machines. */
interface Sweep extends EvictOptions {
  readonly pool: string;
  readonly store: CacheStore;
}

/**
 * Keeps the caches of a project within bounds, the longest unused going first, and removes what is nobody's: copies without a machine, and
 * what was to become a cache. Whatever somebody changes in that moment stays: it is changed as it was read, or not at all.
 */
export class EvictCaches {
  readonly #incus: IncusApi;
  readonly #settings: EvictCachesSettings;
  readonly #hostTime: Pick<HostTime, 'now'>;

  constructor(incus: IncusApi, settings: EvictCachesSettings, hostTime: Pick<HostTime, 'now'>) {
    this.#incus = incus;
    this.#settings = settings;
    this.#hostTime = hostTime;
  }

  /** The host's time must have been learnt before. */
  async evict(options: EvictOptions): Promise<EvictedCaches> {
    const nothing = { report: { evicted: [], kept: { entries: 0, bytes: 0 }, failed: [] }, abandoned: [] };
    const { backend, incusProject: project, incusProfile } = this.#settings;
    if (backend !== 'incus') return nothing;
    const { signal } = options;
    const profile = await this.#incus.profile(project, incusProfile, { signal });
    const pool = profile.isErr() ? undefined : rootDevice([profile.value.value])?.[1]['pool'];
    if (pool === undefined) return nothing;
    const failed: { path: string; message: string }[] = [];
    const listed = await this.#incus.volumes(project, pool, { signal });
    if (listed.isErr()) {
      failed.push({ path: pool, message: listed.error.message });
      return { ...nothing, report: { ...nothing.report, failed } };
    }
    const sweep = { ...options, pool, store: new CacheStore(this.#incus, { project, pool }) };
    const abandoned = await this.#removeAbandoned(listed.value, sweep, failed);
    return { report: await this.#evictUnused(listed.value, sweep, failed), abandoned };
  }

  async #evictUnused(
    volumes: readonly IncusVolume[],
    { bounds, dryRun, signal, store }: Sweep,
    failed: { path: string; message: string }[],
  ): Promise<EvictionReport> {
    const entries = volumes.flatMap(({ name, config, usedBy }): KeptEntry[] => {
      const mark = readCacheMark(name, config);
      if (mark === null || mark.project !== this.#settings.incusProject) return [];
      const { bytes, lastUsedMs } = mark;
      return [{ kind: 'cache', path: name, bytes, lastUsedMs, mounted: usedBy.length > 0 }];
    });
    const evicted: KeptEntry[] = [];
    const kept = { ...this.#settings.retention, ...bounds };
    for (const entry of chooseEvictions(entries, kept, this.#hostTime.now())) {
      const { path, lastUsedMs } = entry;
      const removed = dryRun
        ? null
        : await store.remove(
            path,
            ({ name, config }) => readCacheMark(name, config)?.lastUsedMs === lastUsedMs,
            { claim: this.#claim(), signal },
          );
      if (removed === null) evicted.push(entry);
      else if (removed.isErr()) failed.push({ path, message: removed.error.message });
      else if (removed.value) evicted.push(entry);
    }
    const left = entries.filter((entry) => !evicted.includes(entry));
    return {
      evicted,
      kept: { entries: left.length, bytes: left.reduce((sum, { bytes }) => sum + bytes, 0) },
      failed,
    };
  }

  async #removeAbandoned(
    volumes: readonly IncusVolume[],
    sweep: Sweep,
    failed: { path: string; message: string }[],
  ): Promise<readonly string[]> {
    const gone: string[] = [];
    for (const volume of volumes) {
      const removed = this.#isAbandoned(volume) ? await this.#removeOne(volume, sweep) : false;
      if (removed === true) gone.push(volume.name);
      else if (removed !== false) failed.push({ path: volume.name, message: removed });
    }
    return gone;
  }

  #isAbandoned({ name, config, usedBy }: IncusVolume): boolean {
    if (usedBy.length > 0) return false;
    const of = name.startsWith(CACHE_COPY_NAMES)
      ? readCacheCopy(config)
      : name.startsWith(CACHE_NAMES)
        ? readCacheSaver(config)
        : null;
    return of !== null && of.project === this.#settings.incusProject && of.untilMs <= this.#hostTime.now();
  }

  /** Why it could not be removed; whether it is gone otherwise. */
  async #removeOne(volume: IncusVolume, { dryRun, pool, store, signal }: Sweep): Promise<boolean | string> {
    if (dryRun) return true;
    const copy = readCacheCopy(volume.config);
    const { incusProject: project } = this.#settings;
    const removed =
      copy === null
        ? await store.remove(volume.name, (found) => this.#isAbandoned(found), {
            claim: this.#claim(),
            signal,
          })
        : (
            await removeCopies(
              this.#incus,
              { project, acquisition: copy.acquisition, copies: [{ pool, volume: volume.name }] },
              signal,
            )
          ).map(() => true);
    if (removed.isOk()) return removed.value;
    // A machine has got it in this moment.
    return removed.error.kind === 'invalid_request' ? false : removed.error.message;
  }

  #claim() {
    return { token: randomUUID(), untilMs: this.#hostTime.now() + SAVER_MS };
  }
}
