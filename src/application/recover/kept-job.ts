import { err, ok, type Result } from 'neverthrow';
import type { JobOutcome } from '../../domain/job/job-outcome.js';
import { type JobRecord, jobRecordSchema } from '../../domain/job/job-record.js';
import { isKeptId, keptJobLayout, keptJobsDir } from '../../domain/records/kept-layout.js';
import { jobIdSchema, runIdSchema } from '../../domain/values/identifier.js';
import type { FileStore } from '../../ports/file-store.js';
import type { JobFault } from '../faults/job-fault.js';
import { hostFilesFault } from '../faults/port-faults.js';
import { readRecord } from '../records/read-record.js';

/** What a reaper has kept of a job on the host. Times are ISO 8601, sizes in bytes. */
export interface KeptJob {
  /** Of its machine: a UUID. */
  readonly id: string;
  readonly runId: string;
  readonly jobId: string;
  /** Of the job within its run, from 1. */
  readonly attempt: number;
  /** Of its run; null where that is not known, as the next ones. */
  readonly target: string | null;
  readonly commit: string | null;
  readonly branch: string | null;
  readonly status: JobOutcome['status'];
  readonly cause: JobOutcome['cause'];
  readonly exitCode: number | null;
  readonly createdAt: string;
  readonly keptAt: string | null;
  /** Of its log, as it was kept, and of its artifacts. */
  readonly bytes: number;
  readonly artifacts: number;
}

/** With where it lies, and all that was recorded. */
export interface FoundKeptJob {
  readonly about: KeptJob;
  readonly directory: string;
  readonly record: JobRecord;
  readonly outcome: JobOutcome;
}

/** Of all runs, the one that was kept last at the front. What cannot be read is left out. */
export async function findKeptJobs(
  files: FileStore,
  workDir: string,
  signal: AbortSignal,
): Promise<Result<readonly FoundKeptJob[], JobFault>> {
  const all = keptJobsDir(workDir);
  const listed = await files.list(all, { signal });
  if (listed.isErr())
    return listed.error.kind === 'not_found' ? ok([]) : err(hostFilesFault(listed.error, null));
  const found: FoundKeptJob[] = [];
  for (const { name, type } of listed.value) {
    if (type !== 'directory' || !isKeptId(name)) continue;
    const directory = `${all}/${name}`;
    const read = await readRecord(files, keptJobLayout(directory).jobRecord, jobRecordSchema, signal);
    const kept = read.isErr() ? null : asKept(name, directory, read.value);
    if (kept !== null) found.push(kept);
  }
  const when = ({ about }: FoundKeptJob) => about.keptAt ?? about.createdAt;
  return ok(found.sort((one, other) => (when(one) < when(other) ? 1 : -1)));
}

/** Its ids become parts of paths here: they are looked at before. */
function asKept(id: string, directory: string, record: JobRecord): FoundKeptJob | null {
  const { outcome, run_id: runId, job_id: jobId } = record;
  const isSound = runIdSchema.safeParse(runId).success && jobIdSchema.safeParse(jobId).success;
  if (!isSound || outcome === null || record.acquisition !== id) return null;
  const { collected } = outcome.artifacts;
  const about: KeptJob = {
    ...{ id, runId, jobId, attempt: record.attempt ?? 1 },
    target: record.target_id ?? null,
    commit: record.git_head ?? null,
    branch: record.git_branch ?? null,
    ...{ status: outcome.status, cause: outcome.cause, exitCode: outcome.exit_code },
    createdAt: record.created_at,
    keptAt: record.kept_at ?? null,
    bytes: collected.reduce((sum, { bytes }) => sum + bytes, outcome.kept_log_bytes),
    artifacts: collected.length,
  };
  return { about, directory, record, outcome };
}
