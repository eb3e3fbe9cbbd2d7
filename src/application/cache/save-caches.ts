import { randomUUID } from 'node:crypto';
import { type JobCacheRecord, type JobCacheReport, reportOf } from '../../domain/job/cache-report.js';
import type { Clock } from '../../ports/clock.js';
import type { IncusApi } from '../../ports/incus-api.js';
import { awakeBound } from '../../streams/awake-timer.js';
import type { Journal } from '../events/journal.js';
import { CALL_BOUND_MS, COPY_BOUND_MS } from './cache-bounds.js';
import { CacheStore } from './cache-store.js';

export interface SaveCachesCall {
  readonly caches: readonly JobCacheRecord[];
  /** The job's machine, which is still there. */
  readonly machine: { readonly project: string; readonly instance: string };
  readonly passed: boolean;
  /** On the host, ms since the epoch; asked for each cache, as one may take long to copy. */
  readonly now: () => number;
  readonly journal: Journal;
}

type End = Pick<JobCacheReport, 'saved' | 'saved_bytes' | 'save_ms'>;
interface Ports {
  readonly incus: IncusApi;
  readonly clock: Clock;
}

/** Keeps what a job that has passed has left in its caches, each under its key; the first one of a key stays. Says what became of each. */
export async function saveCaches(ports: Ports, call: SaveCachesCall): Promise<readonly JobCacheReport[]> {
  const reports: JobCacheReport[] = [];
  for (const cache of call.caches) {
    const startedAt = ports.clock.monotonic();
    const end = await saveOne(ports, call, cache);
    const took = Math.round(ports.clock.monotonic() - startedAt);
    const { path, key } = cache;
    const bytes = end.saved_bytes === undefined ? {} : { bytes: end.saved_bytes };
    call.journal.emit({ type: 'cache_saved', path, key, saved: end.saved, ...bytes, duration_ms: took });
    reports.push(reportOf(cache, { ...end, ...(end.saved === 'saved' ? { save_ms: took } : {}) }));
  }
  return reports;
}

async function saveOne(
  { incus }: Ports,
  { machine, passed, now, journal }: SaveCachesCall,
  cache: JobCacheRecord,
): Promise<End> {
  const { pool, volume, save_scope: scope, key, path } = cache;
  if (scope === null) return { saved: 'not_allowed' };
  if (cache.hit === 'exact') return { saved: 'unchanged' };
  if (!passed) return { saved: 'not_passed' };
  if (pool === null || volume === null) return { saved: 'failed' };
  const { project } = machine;
  const store = new CacheStore(incus, { project, pool });
  const free = await store.isFree({ scope, path, key }, now(), awakeBound(CALL_BOUND_MS));
  if (free.isOk() && !free.value) return { saved: 'overtaken' };
  const bytes = await bytesIn(incus, machine, path);
  if (bytes === null) {
    journal.warn(`the cache at ${path} was not saved: the machine does not say how large it is ("du" in it)`);
    return { saved: 'failed' };
  }
  if (bytes > cache.max_bytes) {
    journal.warn(
      `the cache at ${path} was not saved: it has ${bytes} bytes, and "maxBytes" is ${cache.max_bytes}; make that larger, or have less there`,
    );
    return { saved: 'too_large', saved_bytes: bytes };
  }
  const call = {
    scope,
    path,
    key,
    from: volume,
    bytes,
    token: randomUUID(),
    nowMs: now(),
    signal: awakeBound(COPY_BOUND_MS),
  };
  const saved = await store.save(call);
  if (saved.isOk()) return { saved: saved.value, saved_bytes: bytes };
  journal.warn(`the cache at ${path} was not saved: ${saved.error.message}`);
  return { saved: 'failed', saved_bytes: bytes };
}

/** What the files take; null where the machine does not say. It says it itself, and is believed no further than that. */
async function bytesIn(
  incus: IncusApi,
  { project, instance }: SaveCachesCall['machine'],
  path: string,
): Promise<number | null> {
  const signal = awakeBound(CALL_BOUND_MS);
  const opened = await incus.exec(
    project,
    instance,
    { command: ['du', '-sk', path], user: 0, group: 0 },
    { signal },
  );
  if (opened.isErr()) return null;
  await using exec = opened.value;
  let said = '';
  for await (const { stream, data } of exec.output)
    if (stream === 'stdout' && said.length < 100) said += Buffer.from(data).toString('latin1');
  await exec.exit;
  const kib = Number(/^\s*([0-9]{1,13})\s/.exec(said)?.[1] ?? Number.NaN);
  return Number.isSafeInteger(kib) ? kib * 1024 : null;
}
