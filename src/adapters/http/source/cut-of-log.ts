import { isLogCut } from '../../../domain/job/log-cut.js';
import type { JobOfRun } from './job-of-run.js';
import type { ServedRuns } from './run-source.js';

/** Of a log that was cut at its cap: how much is kept of what the job wrote, in bytes. */
export interface CutOfLog {
  readonly kept: number;
  readonly written: number;
}

/** Null where all is kept, and of a job that has not ended. */
export async function cutOfLog(
  { stateRoot, source }: ServedRuns,
  { runId, job, signal }: JobOfRun,
): Promise<CutOfLog | null> {
  const record = await source.loadJob(stateRoot, runId, job, { signal });
  const outcome = record.isOk() ? record.value.outcome : null;
  if (outcome === null || !isLogCut(outcome)) return null;
  return { kept: outcome.kept_log_bytes, written: outcome.log_bytes };
}
