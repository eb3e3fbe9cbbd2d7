import { jobStateLayout } from '../../domain/records/run-layout.js';
import { runRecordSchema } from '../../domain/records/run-record.js';
import { jobIdSchema, runIdSchema } from '../../domain/values/identifier.js';
import type { FileStore } from '../../ports/file-store.js';
import { readRecord } from './read-record.js';
import { type RunQuery, runLayoutFor } from './run-layout-for.js';

/** The run that has run a job: this one, or the one from which it has taken the job over. */
export async function runOfJob(
  files: FileStore,
  query: RunQuery & { readonly job: string },
): Promise<string> {
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
