import { randomUUID } from 'node:crypto';
import {
  CACHE_COPY_NAMES,
  CACHE_NAMES,
  readCacheCopy,
  readCacheMark,
  readCacheSaver,
} from '../../domain/machine/cache-mark.js';
import { chooseEvictions, type KeptEntry, type RetentionBounds } from '../../domain/target/retention.js';
import { SAVER_MS } from '../cache/cache-bounds.js';
import { CacheStore } from '../cache/cache-store.js';
import type { CacheVolume, CacheVolumes } from '../cache/cache-volumes.js';
import { removeCopies } from '../cache/remove-copies.js';
import type { HostTime } from '../lease/host-time.js';
import type { MachineBackends } from '../machine/machine-backends.js';
import type { EvictOptions } from './evict.js';
import type { EvictionReport } from './eviction-report.js';

export interface EvictedCaches {
  readonly report: EvictionReport;
  /** Volumes that killed runners had left. */
  readonly abandoned: readonly string[];
}

/** Where a sweep is. */
interface Sweep extends EvictOptions {
  readonly volumes: CacheVolumes;
  readonly store: CacheStore;
}

/**
 * Keeps the caches of a project, or of a work directory, within bounds, the longest unused going first, and removes what is nobody's: copies without a machine, and
 * what was to become a cache. Whatever somebody changes in that moment stays: it is changed as it was read, or not at all.
 */
export class EvictCaches {
  readonly #backends: Pick<MachineBackends, 'cacheVolumes'>;
  readonly #settings: { readonly retention: RetentionBounds };
  readonly #hostTime: Pick<HostTime, 'now'>;

  constructor(
    backends: Pick<MachineBackends, 'cacheVolumes'>,
    settings: { readonly retention: RetentionBounds },
    hostTime: Pick<HostTime, 'now'>,
  ) {
    this.#backends = backends;
    this.#settings = settings;
    this.#hostTime = hostTime;
  }

  /** The host's time must have been learnt before. */
  async evict(options: EvictOptions): Promise<EvictedCaches> {
    const nothing = { report: { evicted: [], kept: { entries: 0, bytes: 0 }, failed: [] }, abandoned: [] };
    const { signal } = options;
    const found = await this.#backends.cacheVolumes(signal);
    const volumes = found.unwrapOr(null);
    if (volumes === null) return nothing;
    const failed: { path: string; message: string }[] = [];
    const listed = await volumes.list(signal);
    if (listed.isErr()) {
      failed.push({ path: volumes.pool, message: listed.error.message });
      return { ...nothing, report: { ...nothing.report, failed } };
    }
    const sweep = { ...options, volumes, store: new CacheStore(volumes) };
    const abandoned = await this.#removeAbandoned(listed.value, sweep, failed);
    return { report: await this.#evictUnused(listed.value, sweep, failed), abandoned };
  }

  async #evictUnused(
    all: readonly CacheVolume[],
    { bounds, dryRun, signal, store, volumes: { project } }: Sweep,
    failed: { path: string; message: string }[],
  ): Promise<EvictionReport> {
    const entries = all.flatMap(({ name, config, isUsed }): KeptEntry[] => {
      const mark = readCacheMark(name, config);
      if (mark === null || mark.project !== project) return [];
      const { bytes, lastUsedMs } = mark;
      return [{ kind: 'cache', path: name, bytes, lastUsedMs, mounted: isUsed }];
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
    all: readonly CacheVolume[],
    sweep: Sweep,
    failed: { path: string; message: string }[],
  ): Promise<readonly string[]> {
    const gone: string[] = [];
    for (const volume of all) {
      const removed = this.#isAbandoned(volume, sweep.volumes) ? await this.#removeOne(volume, sweep) : false;
      if (removed === true) gone.push(volume.name);
      else if (removed !== false) failed.push({ path: volume.name, message: removed });
    }
    return gone;
  }

  #isAbandoned({ name, config, isUsed }: CacheVolume, { project }: CacheVolumes): boolean {
    if (isUsed) return false;
    const of = name.startsWith(CACHE_COPY_NAMES)
      ? readCacheCopy(config)
      : name.startsWith(CACHE_NAMES)
        ? readCacheSaver(config)
        : null;
    return of !== null && of.project === project && of.untilMs <= this.#hostTime.now();
  }

  /** Why it could not be removed; whether it is gone otherwise. */
  async #removeOne(
    volume: CacheVolume,
    { dryRun, volumes, store, signal }: Sweep,
  ): Promise<boolean | string> {
    if (dryRun) return true;
    const { name } = volume;
    const copy = readCacheCopy(volume.config);
    const removed =
      copy === null
        ? await store.remove(name, (found) => this.#isAbandoned(found, volumes), {
            claim: this.#claim(),
            signal,
          })
        : (await removeCopies(volumes, { acquisition: copy.acquisition, names: [name] }, signal)).map(
            () => true,
          );
    if (removed.isOk()) return removed.value;
    // A machine has got it in this moment.
    return removed.error.kind === 'in_use' ? false : removed.error.message;
  }

  #claim() {
    return { token: randomUUID(), untilMs: this.#hostTime.now() + SAVER_MS };
  }
}
