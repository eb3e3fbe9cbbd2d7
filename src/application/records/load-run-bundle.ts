import { err, ok, type Result } from 'neverthrow';
import type { RunLogsMetadata } from '../../domain/records/logs-metadata.js';
import type { PreparedOutputsRecord } from '../../domain/records/prepared-outputs-record.js';
import type { RunRecord } from '../../domain/records/run-record.js';
import type { RecordPorts } from './interrupted-run.js';
import { loadLogsMetadata } from './load-logs.js';
import { loadPreparedOutputs } from './load-prepared-outputs.js';
import { loadRunRecord } from './load-run-record.js';
import type { RunQuery } from './run-layout-for.js';
import type { RunStateFault } from './run-state-fault.js';

/** All that is recorded of a run, but for the text of its logs. */
export interface RunBundle {
  readonly run: RunRecord;
  readonly logs: RunLogsMetadata;
  /** Null when the run prepared nothing, and when what it recorded cannot be read. */
  readonly preparedOutputs: PreparedOutputsRecord | null;
}

/** Run and logs metadata must load. Prepared outputs that are missing or damaged in whatever way are null: the rest is still worth reading. */
export async function loadRunBundle(
  ports: RecordPorts,
  query: RunQuery,
): Promise<Result<RunBundle, RunStateFault>> {
  const [run, logs, prepared] = await Promise.all([
    loadRunRecord(ports, query),
    loadLogsMetadata(ports, query),
    loadPreparedOutputs(ports.files, query),
  ]);
  if (run.isErr()) return err(run.error);
  if (logs.isErr()) return err(logs.error);
  return ok({ run: run.value, logs: logs.value, preparedOutputs: prepared.unwrapOr(null) });
}
