import { err, ok, type Result } from 'neverthrow';
import {
  type PreparedOutputsRecord,
  preparedOutputsRecordSchema,
} from '../../domain/records/prepared-outputs-record.js';
import type { FileStore } from '../../ports/file-store.js';
import { readRecord } from './read-record.js';
import type { RunQuery } from './run-layout-for.js';
import { runLayoutFor } from './run-layout-for.js';
import type { RunStateFault } from './run-state-fault.js';

/** Null when the run has prepared nothing. One that is there and cannot be read is a fault here; `loadRunBundle` forgives it. */
export async function loadPreparedOutputs(
  files: FileStore,
  query: RunQuery,
): Promise<Result<PreparedOutputsRecord | null, RunStateFault>> {
  const run = runLayoutFor(query.stateRoot, query.runId);
  if (run.isErr()) return err(run.error);
  const { preparedOutputs } = run.value;
  const read = await readRecord(files, preparedOutputs, preparedOutputsRecordSchema, query.signal);
  if (read.isOk()) return ok(read.value);
  return read.error.kind === 'missing' ? ok(null) : err(read.error);
}
