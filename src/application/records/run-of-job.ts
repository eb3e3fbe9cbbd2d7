import { jobStateLayout } from '../../domain/records/run-layout.js';
import { runRecordSchema } from '../../domain/records/run-record.js';
import { jobIdSchema, runIdSchema } from '../../domain/values/identifier.js';
import type { FileStore } from '../../ports/file-store.js';
import { readRecord } from './read-record.js';
import { type RunQuery, runLayoutFor } from './run-layout-for.js';

/** The same of the run that has run the job: this one, or the one from which it has taken the job over. */
export async function inRunOfJob<Q extends RunQuery & { readonly job: string }>(
  files: FileStore,
  query: Q,
): Promise<Q> {
  return { ...query, runId: await runOfJob(files, query) };
}

async function runOfJob(files: FileStore, query: RunQuery & { readonly job: string }): Promise<string> {
  const { stateRoot, runId, job, signal } = query;
  const layout = runLayoutFor(stateRoot, runId);
  if (layout.isErr() || !jobIdSchema.safeParse(job).success) return runId;
  const options = signal === undefined ? {} : { signal };
  if ((await files.lstat(jobStateLayout(stateRoot, runId, job).jobDir, options)).isOk()) return runId;
  const read = await readRecord(files, layout.value.runRecord, runRecordSchema, signal);
  const known = read.isOk() ? read.value.jobs.find(({ id }) => id === job) : undefined;
  const from = runIdSchema.safeParse(known?.taken_over_from);
  return from.success ? from.data : runId;
}
