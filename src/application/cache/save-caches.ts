import { randomUUID } from 'node:crypto';
import { err, ok } from 'neverthrow';
import { type JobCacheRecord, type JobCacheReport, reportOf } from '../../domain/job/cache-report.js';
import type { Clock } from '../../ports/clock.js';
import { awakeBound } from '../../streams/awake-timer.js';
import type { Journal } from '../events/journal.js';
import { CALL_BOUND_MS, COPY_BOUND_MS } from './cache-bounds.js';
import { CacheStore, type SaveCall } from './cache-store.js';
import type { CacheVolumeFault } from './cache-volumes.js';
import type { MachineCaches } from './machine-caches.js';

export interface SaveCachesCall {
  readonly caches: readonly JobCacheRecord[];
  /** Of the job's machine, which is still there. */
  readonly machine: MachineCaches;
  readonly passed: boolean;
  /** On the host, ms since the epoch; asked for each cache, as one may take long to copy. */
  readonly now: () => number;
  readonly journal: Journal;
}

type End = Pick<JobCacheReport, 'saved' | 'saved_bytes' | 'save_ms'>;

/** Keeps what a job that has passed has left in its caches, each under its key; the first one of a key stays. Says what became of each. */
export async function saveCaches(clock: Clock, call: SaveCachesCall): Promise<readonly JobCacheReport[]> {
  const reports: JobCacheReport[] = [];
  for (const cache of call.caches) {
    const startedAt = clock.monotonic();
    const end = await saveOne(call, cache);
    const took = Math.round(clock.monotonic() - startedAt);
    const { path, key } = cache;
    const bytes = end.saved_bytes === undefined ? {} : { bytes: end.saved_bytes };
    call.journal.emit({ type: 'cache_saved', path, key, saved: end.saved, ...bytes, duration_ms: took });
    reports.push(reportOf(cache, { ...end, ...(end.saved === 'saved' ? { save_ms: took } : {}) }));
  }
  return reports;
}

async function saveOne(
  { machine, passed, now, journal }: SaveCachesCall,
  cache: JobCacheRecord,
): Promise<End> {
  const { pool, volume, save_scope: scope, key, path } = cache;
  if (scope === null) return { saved: 'not_allowed' };
  if (cache.hit === 'exact') return { saved: 'unchanged' };
  if (!passed) return { saved: 'not_passed' };
  if (pool === null || volume === null) return { saved: 'failed' };
  const volumes = machine.volumesIn(pool);
  const store = new CacheStore(volumes);
  const measuring = machine.bytesOf({ path, pool, volume }, awakeBound(CALL_BOUND_MS));
  const identity = { scope, path, key, from: volume, token: randomUUID() };
  const callNow = () => ({ ...identity, nowMs: now(), signal: awakeBound(COPY_BOUND_MS) });
  // Where a copy costs nothing it is made beside the look at how large it is.
  const early = (await volumes.sharesBlocks(awakeBound(CALL_BOUND_MS)))
    ? await begun(store, callNow())
    : null;
  const isOvertaken = early === null ? await isTaken(store, identity, now()) : early.end === 'overtaken';
  const measured = await measuring;
  if (isOvertaken) return { saved: 'overtaken' };
  const drop = async () => early?.end === 'begun' && (await store.abandon(early.call));
  if (measured.isErr()) {
    await drop();
    journal.warn(`the cache at ${path} was not saved: ${measured.error.message}`);
    return { saved: 'failed' };
  }
  const bytes = measured.value;
  if (bytes > cache.max_bytes) {
    await drop();
    journal.warn(
      `the cache at ${path} was not saved: it has ${bytes} bytes, and "maxBytes" is ${cache.max_bytes}; make that larger, or have less there`,
    );
    return { saved: 'too_large', saved_bytes: bytes };
  }
  const { call, end } = early ?? (await begun(store, callNow()));
  const saved =
    end === 'begun' ? await store.complete(call, bytes) : end === 'overtaken' ? ok(end) : err(end);
  if (saved.isOk()) return { saved: saved.value, saved_bytes: bytes };
  journal.warn(`the cache at ${path} was not saved: ${saved.error.message}`);
  return { saved: 'failed', saved_bytes: bytes };
}

async function begun(
  store: CacheStore,
  call: SaveCall,
): Promise<{ readonly call: SaveCall; readonly end: 'begun' | 'overtaken' | CacheVolumeFault }> {
  const begun = await store.begin(call);
  return { call, end: begun.isOk() ? begun.value : begun.error };
}

async function isTaken(
  store: CacheStore,
  cache: Parameters<CacheStore['isFree']>[0],
  nowMs: number,
): Promise<boolean> {
  const free = await store.isFree(cache, nowMs, awakeBound(CALL_BOUND_MS));
  return free.isOk() && !free.value;
}
