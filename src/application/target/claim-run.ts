import { randomBytes } from 'node:crypto';
import { err, ok, type Result } from 'neverthrow';
import type { JobRecord } from '../../domain/job/job-record.js';
import type { PlanRecord } from '../../domain/records/plan-record.js';
import type { PreparedOutputsRecord } from '../../domain/records/prepared-outputs-record.js';
import type { RunCopyMark } from '../../domain/records/run-copy-layout.js';
import { jobFiles, type RunStateLayout, runFiles } from '../../domain/records/run-layout.js';
import type { RunRecord } from '../../domain/records/run-record.js';
import type { FileStore } from '../../ports/file-store.js';
import type { JobFault } from '../faults/job-fault.js';
import { localFilesFault } from '../faults/port-faults.js';

export function jsonBytes(record: object): Uint8Array {
  return Buffer.from(`${JSON.stringify(record, null, 2)}\n`);
}

export interface FirstRecords {
  readonly run: RunRecord;
  readonly plan: PlanRecord;
  readonly copy?: RunCopyMark;
  /** Of a run that has gone on elsewhere. */
  readonly outputs?: PreparedOutputsRecord | null;
  readonly jobs?: readonly JobRecord[];
  /** Ids of jobs for which something may have been made without a record: what is made next has another name. */
  readonly tried?: readonly string[];
}

/** Makes a run's directory with its first records in it. It appears by one rename, so that there is never a run without a record. */
export async function claimRun(
  files: FileStore,
  state: RunStateLayout,
  records: FirstRecords,
): Promise<Result<void, JobFault>> {
  const making = runFiles(`${state.runsDir}/.new-${randomBytes(8).toString('hex')}`);
  const made = await files.makeDirectory(making.runDir);
  if (made.isErr()) return err(localFilesFault(made.error, null));
  const write = (path: string, record: object | null | undefined) =>
    record == null ? ok(undefined) : files.writeFile(path, jsonBytes(record));
  const all = await Promise.all([
    write(making.runRecord, records.run),
    write(making.planRecord, records.plan),
    write(making.copyMark, records.copy),
    write(making.preparedOutputs, records.outputs),
    ...(records.tried ?? []).map((id) =>
      files.makeDirectory(jobFiles('', `${making.runDir}/jobs/${id}`).jobDir),
    ),
    ...(records.jobs ?? []).map(async (job) => {
      const { jobDir, jobRecord } = jobFiles(making.runDir, `${making.runDir}/jobs/${job.job_id}`);
      const there = await files.makeDirectory(jobDir);
      return there.isErr() ? there : await write(jobRecord, job);
    }),
  ]);
  const written = all.find((one) => one.isErr()) ?? ok(undefined);
  const claimed = written.isErr() ? written : await files.rename(making.runDir, state.runDir);
  if (claimed.isOk()) return ok(undefined);
  await files.remove(making.runDir, { recursive: true });
  const { kind } = claimed.error;
  if (kind !== 'not_empty' && kind !== 'already_exists') return err(localFilesFault(claimed.error, null));
  const message = `${state.runDir} is there already: give this run another id`;
  return err({ kind: 'run_exists', phase: null, host: files.host, message, field: 'runId' });
}
