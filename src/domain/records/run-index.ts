import { z } from 'zod';
import { isFinal } from '../events/run-status.js';
import type { RunRecord } from './run-record.js';
import { runSummarySchema } from './run-summary.js';

/** The first line of `runs-index.jsonl`. */
export const runIndexHeadSchema = z.object({
  schema_version: z.literal(1),
  /** When the directory of the runs was changed last, and when it was looked at, milliseconds since the epoch. */
  runs_dir_mtime_ms: z.number(),
  looked_at_ms: z.number(),
});
export type RunIndexHead = z.infer<typeof runIndexHeadSchema>;

/** Each further line: a run whose record changes no more, and by what its `run.json` is known again. */
export const runIndexEntrySchema = z.object({
  size: z.number(),
  mtime_ms: z.number(),
  run: runSummarySchema,
});
export type RunIndexEntry = z.infer<typeof runIndexEntrySchema>;

/** Whether nothing will be written into a run's record any more, nor into its jobs': what was left running, or lost its runner, may go on. */
export function isSettled({ status, jobs }: Pick<RunRecord, 'status' | 'jobs'>): boolean {
  if (!isFinal(status) || status === 'interrupted') return false;
  return jobs.every((job) => {
    if (!isFinal(job.status) || job.status === 'interrupted') return false;
    return job.status !== 'failed' || job.started_at === null || job.remote_linux_vm_execution !== null;
  });
}
