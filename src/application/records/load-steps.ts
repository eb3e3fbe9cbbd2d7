import { err, ok, type Result } from 'neverthrow';
import { type JobStepRecord, stepsFileSchema } from '../../domain/job/step-record.js';
import { jobStateLayout } from '../../domain/records/run-layout.js';
import type { FileStore } from '../../ports/file-store.js';
import { readRecord } from './read-record.js';
import { checkedJob, runLayoutFor } from './run-layout-for.js';
import type { RunStateFault } from './run-state-fault.js';

export interface StepsQuery {
  readonly stateRoot: string;
  readonly runId: string;
  readonly job: string;
  readonly signal?: AbortSignal | undefined;
}

/** The steps of a job that came to their turn so far, in order, and all of them once it has ended; none for a job of one command, or one that has not begun. */
export async function loadSteps(
  files: FileStore,
  query: StepsQuery,
): Promise<Result<readonly JobStepRecord[], RunStateFault>> {
  const run = runLayoutFor(query.stateRoot, query.runId);
  if (run.isErr()) return err(run.error);
  const job = checkedJob(query.job);
  if (job.isErr()) return err(job.error);
  const { stepsFile } = jobStateLayout(query.stateRoot, query.runId, job.value);
  const read = await readRecord(files, stepsFile, stepsFileSchema, query.signal);
  if (read.isOk()) return ok(read.value.steps);
  return read.error.kind === 'missing' ? ok([]) : err(read.error);
}
