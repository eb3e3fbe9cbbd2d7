import { err, ok, type Result } from 'neverthrow';
import { type PlanRecord, planRecordSchema } from '../../domain/records/plan-record.js';
import type { FileStore } from '../../ports/file-store.js';
import { readRecord } from './read-record.js';
import type { RunQuery } from './run-layout-for.js';
import { runLayoutFor } from './run-layout-for.js';
import type { RunStateFault } from './run-state-fault.js';

/** What a run set out to do. */
export async function loadPlan(
  files: FileStore,
  query: RunQuery,
): Promise<Result<PlanRecord, RunStateFault>> {
  const run = runLayoutFor(query.stateRoot, query.runId);
  if (run.isErr()) return err(run.error);
  const read = await readRecord(files, run.value.planRecord, planRecordSchema, query.signal);
  if (read.isOk()) return ok(read.value);
  if (read.error.kind !== 'missing') return err(read.error);
  const message = `there is no plan of a run ${query.runId}: ${run.value.planRecord} does not exist`;
  return err({ kind: 'no_such_run', path: run.value.planRecord, message, cause: read.error.cause });
}
