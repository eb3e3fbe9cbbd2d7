import { err, ok, type Result } from 'neverthrow';
import type { RunJobRecord } from '../../../domain/records/run-record.js';
import { notFound, type Refusal, refusalOf } from './refusal.js';
import type { ServedRuns } from './run-source.js';

export interface JobOfRun {
  readonly runId: string;
  readonly job: string;
  readonly signal: AbortSignal;
}

/** What the run's record says of a job. */
export async function jobOfRun(
  { stateRoot, source }: ServedRuns,
  { runId, job, signal }: JobOfRun,
): Promise<Result<RunJobRecord, Refusal>> {
  const run = await source.loadRunRecord(stateRoot, runId, { signal });
  if (run.isErr()) return err(refusalOf(run.error));
  const found = run.value.jobs.find(({ id }) => id === job);
  return found === undefined ? err(notFound(`run ${runId} has no job ${job}`)) : ok(found);
}
