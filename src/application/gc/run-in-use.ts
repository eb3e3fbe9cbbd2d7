import { type JobRecord, jobRecordSchema } from '../../domain/job/job-record.js';
import { jobStateLayout, runStateLayout } from '../../domain/records/run-layout.js';
import { jobIdSchema } from '../../domain/values/identifier.js';
import { hasWriter } from '../lock/has-writer.js';
import type { RecordPorts } from '../records/interrupted-run.js';
import { readRecord } from '../records/read-record.js';

/** For how long a machine is believed to be kept whose record does not say, as those before 0.2. */
const KEPT_SECS = 24 * 3600;

export interface RunInUseQuery {
  readonly stateRoot: string;
  readonly runId: string;
  readonly nowMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Whether a process writes the state of one of its jobs, as one that attaches does, or a job's machine is kept for a shell. */
export async function isRunInUse(ports: RecordPorts, query: RunInUseQuery): Promise<boolean> {
  const { runDir } = runStateLayout(query.stateRoot, query.runId);
  const jobs = await ports.files.list(`${runDir}/jobs`);
  // What cannot be looked at is not known to be free.
  if (jobs.isErr()) return jobs.error.kind !== 'not_found';
  for (const { name, type } of jobs.value) {
    if (type !== 'directory' || !jobIdSchema.safeParse(name).success) continue;
    const { jobDir, jobRecord } = jobStateLayout(query.stateRoot, query.runId, name);
    if (await hasWriter(ports, jobDir)) return true;
    const record = await readRecord(ports.files, jobRecord, jobRecordSchema, query.signal);
    if (record.isOk() && keptUntil(record.value) > query.nowMs) return true;
  }
  return false;
}

/** Ms since the epoch; 0 for a job whose machine is not kept. */
function keptUntil({ keep_on_failure, keep_on_failure_secs = KEPT_SECS, outcome }: JobRecord): number {
  if (keep_on_failure !== true || outcome?.status !== 'failed') return 0;
  return Date.parse(outcome.finished_at) + keep_on_failure_secs * 1000;
}
