import { err, ok, type Result } from 'neverthrow';
import { type JobRecord, jobRecordSchema } from '../../domain/job/job-record.js';
import { jobStateLayout } from '../../domain/records/run-layout.js';
import type { FileStore } from '../../ports/file-store.js';
import { readRecord } from './read-record.js';
import type { RunQuery } from './run-layout-for.js';
import { checkedJob, runLayoutFor } from './run-layout-for.js';
import type { RunStateFault } from './run-state-fault.js';

/** What a job recorded of itself. */
export async function loadJob(
  files: FileStore,
  query: RunQuery & { readonly job: string },
): Promise<Result<JobRecord, RunStateFault>> {
  const run = runLayoutFor(query.stateRoot, query.runId);
  if (run.isErr()) return err(run.error);
  const job = checkedJob(query.job);
  if (job.isErr()) return err(job.error);
  const { jobRecord } = jobStateLayout(query.stateRoot, query.runId, job.value);
  const read = await readRecord(files, jobRecord, jobRecordSchema, query.signal);
  if (read.isOk()) return ok(read.value);
  if (read.error.kind !== 'missing') return err(read.error);
  const message = `there is no record of job ${job.value} in run ${query.runId}: ${jobRecord} does not exist`;
  return err({ kind: 'no_such_job', path: jobRecord, message, cause: read.error.cause });
}
