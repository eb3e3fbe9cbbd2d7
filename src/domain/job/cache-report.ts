import { z } from 'zod';

const bytes = z.number().int().nonnegative();

/** What a job found in one of its caches. */
const restoredShape = {
  /** In the guest. */
  path: z.string(),
  /** With its expressions filled in. */
  key: z.string(),
  /** `exact`: the cache of this key. `partial`: one that a restore key names. `miss`: the directory was empty. */
  hit: z.enum(['exact', 'partial', 'miss']),
  /** The key of what was found. */
  restored_key: z.string().optional(),
  /** As measured when it was saved. */
  restored_bytes: bytes.optional(),
  /** Milliseconds. */
  restore_ms: z.number().nonnegative(),
};

/** `job.json`: a cache of a job that goes on, and where it lies. */
export const jobCacheRecordSchema = z.looseObject({
  ...restoredShape,
  /** The storage pool and the volume that the machine has; null where none could be had, and the directory is the machine's own. */
  pool: z.string().nullable(),
  volume: z.string().nullable(),
  /** Where it is saved; null where it is not. */
  save_scope: z.string().nullable(),
  max_bytes: bytes,
});
export type JobCacheRecord = z.infer<typeof jobCacheRecordSchema>;

/** One cache of a job that has ended: what it found, and what became of what it left. */
export const jobCacheReportSchema = z.looseObject({
  ...restoredShape,
  /**
   * - `saved`: later jobs find it. `unchanged`: there was one of this key. `overtaken`: another job has saved one of this key, or does.
   * - `not_passed`: the job has not. `not_allowed`: `save` does not let this run. `too_large`: it has more than `maxBytes`.
   * - `failed`: the host would not, see the warning.
   */
  saved: z.enum(['saved', 'unchanged', 'overtaken', 'not_passed', 'not_allowed', 'too_large', 'failed']),
  /** Of the files when the job had ended, where they were measured. */
  saved_bytes: bytes.optional(),
  /** Milliseconds. */
  save_ms: z.number().nonnegative().optional(),
});
/** What a job found in one of its caches, and what became of what it left there. Sizes in bytes, times in milliseconds. */
export type JobCacheReport = z.infer<typeof jobCacheReportSchema>;

/** What a job found, for people. */
export const CACHE_HIT_WORDS: Readonly<Record<JobCacheReport['hit'], string>> = {
  exact: 'restored',
  partial: 'restored from another key',
  miss: 'nothing restored',
};

export function reportOf(
  { pool: _, volume: __, save_scope: ___, max_bytes: ____, ...restored }: JobCacheRecord,
  end: Pick<JobCacheReport, 'saved' | 'saved_bytes' | 'save_ms'>,
): JobCacheReport {
  return { ...restored, ...end };
}
