import { z } from 'zod';

/**
 * How a run stands. `skipped`: its target's filters matched none of the changed files. `interrupted`: its runner ended before it did, so
 * nobody writes to it any more; seen by whoever reads the record, which says `running`.
 */
export const runStatusSchema = z.enum(['running', 'passed', 'failed', 'skipped', 'cancelled', 'interrupted']);
/** How a run stands: `skipped` when its filters matched no changed file, `interrupted` when its runner ended before it. */
export type RunStatus = z.infer<typeof runStatusSchema>;

/**
 * How a job of a run stands. `pending`: not begun yet. `skipped`: something that it depends on failed, or the run ended
 * first; the message says which. `detached`: left running for `attach`.
 */
export const runJobStatusSchema = z.enum([...runStatusSchema.options, 'pending', 'detached']);
/** How a job of a run stands: the statuses of a run, `pending` (not begun) and `detached` (left running for `attach`). */
export type RunJobStatus = z.infer<typeof runJobStatusSchema>;

/** Whether nothing more is written until somebody takes it up. */
export function isFinal(status: RunJobStatus): boolean {
  return status !== 'running' && status !== 'pending' && status !== 'detached';
}
