import { chooseEvictions, type KeptEntry, type RetentionBounds } from '../../domain/target/retention.js';
import { readLastUsed } from '../holds/last-used.js';
import type { HostTime } from '../lease/host-time.js';
import { CACHE_FOLDERS, type CacheListing, listCaches } from './cache-listing.js';
import {
  deleteQuarantined,
  type EvictCall,
  type EvictEnd,
  type EvictPorts,
  evictDirectory,
  isMounted,
  resolveQuarantined,
} from './evict-directory.js';
import type { EvictionReport } from './eviction-report.js';
import { diskUsage, removeOnHost } from './host-disk.js';
import { removeEmptyRuns } from './remove-empty-runs.js';

export interface EvictOptions {
  readonly dryRun: boolean;
  /** Instead of the configured ones. */
  readonly bounds: Partial<RetentionBounds>;
  readonly signal: AbortSignal;
}

/** A command may run for a day; what it was filling is given up after two. */
const STALE_BUILDING_MS = 48 * 3600_000;

type Found = KeptEntry & { readonly hash: string; readonly in: CacheListing };
type Failures = { path: string; message: string }[];

/** Keeps the snapshots and prepared outputs on the host within bounds. Safe to run twice at once, and beside runs of any runner. */
export class Evict {
  readonly #ports: EvictPorts;
  readonly #settings: { readonly workDir: string; readonly retention: RetentionBounds };
  readonly #hostTime: Pick<HostTime, 'now'>;

  constructor(
    ports: EvictPorts,
    settings: { readonly workDir: string; readonly retention: RetentionBounds },
    hostTime: Pick<HostTime, 'now'>,
  ) {
    this.#ports = ports;
    this.#settings = settings;
    this.#hostTime = hostTime;
  }

  /** The host's time must have been learnt before. */
  async evict(options: EvictOptions): Promise<EvictionReport> {
    const { signal, dryRun } = options;
    const { workDir, retention } = this.#settings;
    const failed: Failures = [];
    const directories: CacheListing[] = [];
    for (const folder of CACHE_FOLDERS) {
      const found = await listCaches(this.#ports.hostFiles, { workDir, folder, signal });
      if (found.isOk()) directories.push(found.value);
      else failed.push({ path: `${workDir}/${folder.name}`, message: found.error.message });
    }
    if (!dryRun) await this.#removeAbandoned(directories, failed, signal);
    const entries = await this.#entries(directories, failed, signal);
    const chosen = chooseEvictions(entries, { ...retention, ...options.bounds }, this.#hostTime.now());
    const evicted: Found[] = [];
    const gone = new Set<Found>();
    for (const entry of chosen) {
      const end: EvictEnd = dryRun
        ? { kind: 'evicted' }
        : await evictDirectory(this.#ports, this.#call(entry.in, entry.hash, signal));
      if (end.kind === 'evicted') evicted.push(entry);
      if (end.kind === 'evicted' || end.kind === 'gone') gone.add(entry);
      if (end.kind === 'failed') failed.push({ path: entry.path, message: end.message });
    }
    const kept = entries.filter((entry) => !gone.has(entry));
    const bytes = kept.reduce((sum, entry) => sum + entry.bytes, 0);
    return { evicted: evicted.map(plain), kept: { entries: kept.length, bytes }, failed };
  }

  async #entries(
    directories: readonly CacheListing[],
    failed: Failures,
    signal: AbortSignal,
  ): Promise<readonly Found[]> {
    const { hostFiles, shell } = this.#ports;
    const { workDir } = this.#settings;
    const paths = directories.flatMap(({ path, hashes }) => hashes.map((hash) => `${path}/${hash}`));
    if (paths.length === 0) return [];
    const [sources, sizes] = await Promise.all([
      this.#ports.mountedSources(signal),
      diskUsage(shell, paths, signal),
    ]);
    const unknown = sources.isErr() ? sources.error.message : sizes.isErr() ? sizes.error.message : null;
    if (sources.isErr() || sizes.isErr()) {
      failed.push({ path: workDir, message: unknown ?? '' });
      return [];
    }
    const entries: Found[] = [];
    for (const of of directories) {
      for (const hash of of.hashes) {
        const path = `${of.path}/${hash}`;
        const used = await readLastUsed(hostFiles, path, { marker: of.folder.marker, signal });
        if (used.isErr()) failed.push({ path, message: used.error.message });
        if (used.isErr() || used.value === null) continue;
        const bytes = sizes.value.get(path) ?? 0;
        const mounted = isMounted(of, hash, sources.value);
        entries.push({ kind: of.folder.kind, path, bytes, lastUsedMs: used.value, mounted, hash, in: of });
      }
    }
    return entries;
  }

  /** What evictions, commands and runs that were killed have left behind. */
  async #removeAbandoned(
    directories: readonly CacheListing[],
    failed: Failures,
    signal: AbortSignal,
  ): Promise<void> {
    const { hostFiles, shell } = this.#ports;
    const { workDir } = this.#settings;
    const nowMs = this.#hostTime.now();
    await removeEmptyRuns(hostFiles, { workDir, nowMs, signal });
    for (const of of directories) {
      for (const { state, hash, name } of of.asides) {
        const path = `${of.path}/${name}`;
        const end =
          state === 'deleting'
            ? await deleteQuarantined(this.#ports, path, signal)
            : await resolveQuarantined(this.#ports, this.#call(of, hash, signal), name);
        if (end.kind === 'failed') failed.push({ path, message: end.message });
      }
    }
    const prepared = `${workDir}/prepared`;
    const listed = await hostFiles.list(prepared, { signal });
    if (listed.isErr()) return;
    for (const { name } of listed.value.filter((entry) => entry.name.startsWith('.building-'))) {
      const stat = await hostFiles.lstat(`${prepared}/${name}`, { signal });
      const stale = stat.isOk() && stat.value.mtimeMs < nowMs - STALE_BUILDING_MS;
      if (stale) await removeOnHost(shell, `${prepared}/${name}`, signal);
    }
  }

  #call(of: CacheListing, hash: string, signal: AbortSignal): EvictCall {
    return { in: of, hash, now: () => this.#hostTime.now(), signal };
  }
}

function plain({ kind, path, bytes, lastUsedMs, mounted }: Found): KeptEntry {
  return { kind, path, bytes, lastUsedMs, mounted };
}
