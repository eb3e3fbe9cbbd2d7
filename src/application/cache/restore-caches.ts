import { randomBytes } from 'node:crypto';
import type { JobCacheRecord } from '../../domain/job/cache-report.js';
import { CACHE_COPY_NAMES } from '../../domain/machine/cache-mark.js';
import type { Clock } from '../../ports/clock.js';
import { COPY_LEASE_MS } from './cache-bounds.js';
import { CacheStore, type KeptCache } from './cache-store.js';
import type { CacheVolumeFault, CacheVolumes } from './cache-volumes.js';
import type { WantedCache } from './wanted-caches.js';

/** Which caches a machine is to have, and when. */
export interface CachesCall {
  readonly wanted: readonly WantedCache[];
  /** On the host, ms since the epoch. */
  readonly nowMs: number;
  /** How long the machine may wait for room before it is made, ms. */
  readonly launchWaitMs: number;
}

export interface RestoreCall extends CachesCall {
  readonly volumes: CacheVolumes;
  /** Of the machine that gets them. */
  readonly acquisition: string;
  /** Whether a copy may take no more than the cache may have: what runs in the machine is not trusted with the pool. */
  readonly isBounded: boolean;
  readonly signal: AbortSignal;
}

/** What a machine has of its caches, and what is to be said of it. */
export interface RestoredCaches {
  readonly caches: readonly JobCacheRecord[];
  readonly warnings: readonly string[];
}

/** Gives a machine a copy of what each cache has that its keys name, or an empty volume. A host that refuses fails no job: the directory is the machine's own then. */
export async function restoreCaches(clock: Clock, call: RestoreCall): Promise<RestoredCaches> {
  const store = new CacheStore(call.volumes);
  const warnings: string[] = [];
  const listed = await store.list(call.signal);
  if (listed.isErr()) warnings.push(`the caches could not be looked for: ${listed.error.message}`);
  const caches = await Promise.all(
    call.wanted.map(async (wanted): Promise<JobCacheRecord> => {
      const startedAt = clock.monotonic();
      const kept = listed.isErr() ? [] : candidates(listed.value, wanted);
      const { found, volume, why } = listed.isErr()
        ? { found: null, volume: null, why: null }
        : await copyFirst(store, kept, wanted, call);
      if (why !== null) warnings.push(`the cache at ${wanted.path} could not be had: ${why.message}`);
      return {
        path: wanted.path,
        key: wanted.key,
        hit: found === null ? 'miss' : found.mark.key === wanted.key ? 'exact' : 'partial',
        ...(found === null ? {} : { restored_key: found.mark.key, restored_bytes: found.mark.bytes }),
        restore_ms: Math.round(clock.monotonic() - startedAt),
        pool: volume === null ? null : call.volumes.pool,
        volume,
        save_scope: wanted.scopes.writes,
        max_bytes: wanted.maxBytes,
      };
    }),
  );
  return { caches, warnings };
}

/** Those of its path that the keys name: of the key itself, then of what each restore key begins, the newest first. */
function candidates(
  kept: readonly KeptCache[],
  { path, key, restoreKeys, scopes }: WantedCache,
): readonly KeptCache[] {
  const inScope = scopes.reads.map((scope) =>
    kept.filter(({ mark }) => mark.scope === scope && mark.path === path),
  );
  const exact = inScope.flatMap((some) => some.filter(({ mark }) => mark.key === key));
  const newest = (some: readonly KeptCache[]) =>
    [...some].sort((one, other) => other.mark.madeAtMs - one.mark.madeAtMs);
  const partial = restoreKeys.flatMap((prefix) =>
    inScope.flatMap((some) => newest(some.filter(({ mark }) => mark.key.startsWith(prefix)))),
  );
  return [...new Set([...exact, ...partial])];
}

interface CopiedCache {
  readonly found: KeptCache | null;
  readonly volume: string | null;
  readonly why: CacheVolumeFault | null;
}

/** One that goes away in this moment is passed over. */
async function copyFirst(
  store: CacheStore,
  kept: readonly KeptCache[],
  { maxBytes }: WantedCache,
  { acquisition, isBounded, nowMs, launchWaitMs, signal }: RestoreCall,
): Promise<CopiedCache> {
  const volume = `${CACHE_COPY_NAMES}${randomBytes(12).toString('hex')}`;
  const ask = {
    acquisition,
    maxBytes: isBounded ? maxBytes : null,
    untilMs: nowMs + launchWaitMs + COPY_LEASE_MS,
    signal,
  };
  let why: CacheVolumeFault | null = null;
  for (const found of kept) {
    if (isBounded && found.mark.bytes > maxBytes) {
      why = { kind: 'failed', message: `it has ${found.mark.bytes} bytes, and "maxBytes" is ${maxBytes}` };
      continue;
    }
    const used = await store.use(found, nowMs, signal);
    if (used.isErr()) why = used.error;
    if (used.isErr()) break;
    if (!used.value) continue;
    const copied = await store.copy(volume, found, ask);
    if (copied.isOk()) return { found, volume, why: null };
    if (copied.error.kind === 'not_found') continue;
    why = copied.error;
    break;
  }
  const empty = await store.copy(volume, null, ask);
  return { found: null, volume: empty.isOk() ? volume : null, why: empty.isErr() ? empty.error : why };
}
