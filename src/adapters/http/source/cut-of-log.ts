import type { JobOutcome } from '../../../domain/job/job-outcome.js';
import { isLogCut } from '../../../domain/job/log-cut.js';
import type { JobLogMetadata } from '../../../domain/records/logs-metadata.js';
import type { JobOfRun } from './job-of-run.js';
import type { ServedRuns } from './run-source.js';

/** Of a log that was cut at its cap: how much is kept of what the job wrote, in bytes. */
export interface CutOfLog {
  readonly kept: number;
  /** Null of a job that has not ended: it may write on. */
  readonly written: number | null;
}

/** Null where all is kept so far. What the log itself says counts for a job that has not ended. */
export function cutOf(outcome: JobOutcome | null, log: JobLogMetadata | undefined): CutOfLog | null {
  if (outcome !== null)
    return isLogCut(outcome) ? { kept: outcome.kept_log_bytes, written: outcome.log_bytes } : null;
  return log?.guest_log_cut === true ? { kept: log.guest_log_bytes ?? 0, written: null } : null;
}

/** Null where all is kept so far. */
export async function cutOfLog(
  { stateRoot, source }: ServedRuns,
  { runId, job, signal }: JobOfRun,
): Promise<CutOfLog | null> {
  const logs = await source.loadLogsMetadata(stateRoot, runId, { signal });
  const record = await source.loadJob(stateRoot, runId, job, { signal });
  const outcome = record.isOk() ? record.value.outcome : null;
  return cutOf(outcome, logs.isOk() ? logs.value.jobs.find(({ id }) => id === job) : undefined);
}
