import { err, ok, type Result } from 'neverthrow';
import { isWithin } from '../../domain/values/path-rules.js';
import type { Clock } from '../../ports/clock.js';
import { awakeBound } from '../../streams/awake-timer.js';
import { CALL_BOUND_MS } from '../cache/cache-bounds.js';
import type { CacheVolumes } from '../cache/cache-volumes.js';
import { removeCopies } from '../cache/remove-copies.js';
import { type RestoredCaches, restoreCaches } from '../cache/restore-caches.js';
import type { JobFault } from '../faults/job-fault.js';
import type { PlanInput } from './machine-backend.js';

/** A copy of a cache, and where in the guest it belongs. */
export interface CacheMount {
  readonly volume: string;
  readonly path: string;
}

/** The caches of a machine that will be made. */
export interface MachineCachesPlan {
  readonly mounts: readonly CacheMount[];
  readonly caches?: RestoredCaches;
  discard(): Promise<void>;
}

export interface CachesOfMachine {
  readonly host: string;
  /** Where they lie; a sentence where that is not known. */
  readonly volumes: CacheVolumes | string;
  /** Where in the guest something is mounted. */
  readonly mountedAt: readonly string[];
  /** Whether a copy may take no more than the cache may have. */
  readonly isBounded: boolean;
}

/** Copies what is kept for the caches of a machine. */
export async function cachesOfMachine(
  clock: Clock,
  { host, volumes, mountedAt, isBounded }: CachesOfMachine,
  { caches: call, place }: Pick<PlanInput, 'caches' | 'place'>,
  signal: AbortSignal,
): Promise<Result<MachineCachesPlan, JobFault>> {
  if (call === undefined) return ok({ mounts: [], discard: async () => {} });
  for (const { path } of call.wanted) {
    const mounted = mountedAt.find((other) => isWithin(other, path) || isWithin(path, other));
    if (mounted !== undefined) {
      const message = `job.caches: the cache at ${path} overlaps ${mounted}, where an output is mounted; give it another path`;
      return err({ kind: 'invalid_job', phase: 'prepare_runtime', host, message, field: 'job.caches' });
    }
  }
  const { acquisition } = place;
  if (typeof volumes === 'string' || acquisition === null) {
    const why = typeof volumes === 'string' ? volumes : 'the machine is one from before 0.2';
    const caches = { caches: [], warnings: [`the caches could not be had: ${why}`] };
    return ok({ mounts: [], caches, discard: async () => {} });
  }
  const caches = await restoreCaches(clock, { ...call, volumes, acquisition, isBounded, signal });
  const mounts = caches.caches.flatMap(({ volume, path }) => (volume === null ? [] : [{ volume, path }]));
  const names = mounts.map(({ volume }) => volume);
  return ok({
    mounts,
    caches,
    discard: async () => {
      await removeCopies(volumes, { acquisition, names }, awakeBound(CALL_BOUND_MS));
    },
  });
}
