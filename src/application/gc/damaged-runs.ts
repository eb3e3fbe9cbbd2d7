import { jobRecordSchema } from '../../domain/job/job-record.js';
import { jobStateLayout, runStateLayout } from '../../domain/records/run-layout.js';
import { jobIdSchema } from '../../domain/values/identifier.js';
import type { FileStore } from '../../ports/file-store.js';
import { hasWriter } from '../lock/has-writer.js';
import type { RecordPorts } from '../records/interrupted-run.js';
import { loadRunRecord } from '../records/load-run-record.js';
import { readRecord } from '../records/read-record.js';

export interface DamagedRunQuery {
  readonly stateRoot: string;
  readonly runId: string;
  readonly signal?: AbortSignal | undefined;
  /** Ms since the epoch: a job that began before has ended, whatever is recorded of it. */
  readonly longAgo: number;
}

/**
 * Whether a run without a record that can be read is of no use to anybody: no process writes there, and no job of it can be taken up. One
 * that a later version of pikaci has written is not damaged, and neither is one that never had a record, such as that of a single job.
 */
export async function isDamagedForGood(ports: RecordPorts, query: DamagedRunQuery): Promise<boolean> {
  const { files } = ports;
  const loaded = await loadRunRecord(ports, query);
  if (loaded.isOk() || loaded.error.kind !== 'damaged') return false;
  const { runDir, runRecord } = runStateLayout(query.stateRoot, query.runId);
  if (await isLater(files, runRecord)) return false;
  const jobs = await files.list(`${runDir}/jobs`);
  if (jobs.isErr()) return jobs.error.kind === 'not_found' || jobs.error.kind === 'not_a_directory';
  for (const { name, type } of jobs.value)
    if (type === 'directory' && (await mayGoOn(ports, query, name))) return false;
  return true;
}

async function mayGoOn(ports: RecordPorts, query: DamagedRunQuery, jobId: string) {
  if (!jobIdSchema.safeParse(jobId).success) return false;
  const { jobDir, jobRecord } = jobStateLayout(query.stateRoot, query.runId, jobId);
  if (await hasWriter(ports, jobDir)) return true;
  const record = await readRecord(ports.files, jobRecord, jobRecordSchema, query.signal);
  if (record.isErr()) return false;
  const { outcome, created_at } = record.value;
  const ended = outcome !== null && outcome.status !== 'detached';
  return !ended && Date.parse(created_at) > query.longAgo;
}

async function isLater(files: FileStore, path: string): Promise<boolean> {
  const bytes = await files.readFile(path);
  if (bytes.isErr()) return false;
  try {
    const { schema_version } = JSON.parse(Buffer.from(bytes.value).toString('utf8'));
    return typeof schema_version === 'number' && schema_version > 1;
  } catch {
    return false;
  }
}
