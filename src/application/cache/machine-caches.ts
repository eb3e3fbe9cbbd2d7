import type { Result } from 'neverthrow';
import type { CacheVolumeFault, CacheVolumes } from './cache-volumes.js';

/** What a machine has of caches. */
export interface MachineCaches {
  /** Those of the pool, or the directory, that the record of a job names. */
  volumesIn(pool: string): CacheVolumes;
  /** What the files of its copy take now. */
  bytesOf(
    copy: { readonly path: string; readonly pool: string; readonly volume: string },
    signal: AbortSignal,
  ): Promise<Result<number, CacheVolumeFault>>;
}
