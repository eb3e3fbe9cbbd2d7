import { err, ok, type Result } from 'neverthrow';
import type { JobOutcome } from '../../domain/job/job-outcome.js';
import { type JobRecord, jobRecordSchema } from '../../domain/job/job-record.js';
import type { JobStateLayout } from '../../domain/records/run-layout.js';
import type { FileFault, FileStore } from '../../ports/file-store.js';
import type { JobFault } from '../faults/job-fault.js';
import { localFilesFault } from '../faults/port-faults.js';
import type { HeldLock } from '../lock/job-lock.js';
import type { JobSession } from './job-session.js';

const LARGEST_RECORD = 16 * 1024 * 1024;

/** Replaces the record, whole. */
export function saveJobRecord(
  files: FileStore,
  state: JobStateLayout,
  record: JobRecord,
): Promise<Result<void, FileFault>> {
  return files.writeFile(state.jobRecord, Buffer.from(`${JSON.stringify(record, null, 2)}\n`));
}

/**
 * Removes the record of a job whose machine did not come up, or did not take it: it never began, so there is nothing to take up, and nothing
 * that was lost.
 * Another runner may have taken it up meanwhile, and then it is that one's.
 */
export async function forgetRecord(
  files: FileStore,
  session: Pick<JobSession, 'state' | 'warn'>,
  lock: HeldLock,
): Promise<void> {
  if (!(await lock.isHeld())) return;
  const removed = await files.remove(session.state.jobRecord);
  if (removed.isErr() && removed.error.kind !== 'not_found') session.warn(removed.error.message);
}

/** Notes that the machine may have the job from now on. Whoever finds the machine gone knows by it whether the job may have begun. */
export async function noteHandOver(
  files: FileStore,
  {
    state,
    record,
    nowMs,
  }: { readonly state: JobStateLayout; readonly record: JobRecord; readonly nowMs: number },
): Promise<Result<JobRecord, FileFault>> {
  if (record.handed_over_at !== null) return ok(record);
  const noted = { ...record, handed_over_at: new Date(nowMs).toISOString() };
  return (await saveJobRecord(files, state, noted)).map(() => noted);
}

/** The record of a job that is over and done with. */
export function withOutcome({ ended, ...record }: JobRecord, outcome: JobOutcome): JobRecord {
  return { ...record, outcome };
}

export async function loadJobRecord(
  files: FileStore,
  state: JobStateLayout,
  signal?: AbortSignal,
): Promise<Result<JobRecord, JobFault>> {
  const options = { maxBytes: LARGEST_RECORD, ...(signal === undefined ? {} : { signal }) };
  const bytes = await files.readFile(state.jobRecord, options);
  if (bytes.isErr()) {
    if (bytes.error.kind !== 'not_found') return err(localFilesFault(bytes.error, null));
    const message = `there is no record of this run and job: ${state.jobRecord} does not exist`;
    return err({ kind: 'no_such_job', phase: null, host: files.host, message });
  }
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(bytes.value).toString('utf8'));
  } catch {
    return err(damaged(files, state, 'is not JSON'));
  }
  const record = jobRecordSchema.safeParse(json);
  if (record.success) return ok(record.data);
  const [issue] = record.error.issues;
  return err(damaged(files, state, `${issue?.path.join('.')}: ${issue?.message}`));
}

function damaged(files: FileStore, state: JobStateLayout, problem: string): JobFault {
  return {
    kind: 'local_files',
    phase: null,
    host: files.host,
    message: `${state.jobRecord} cannot be read: ${problem}`,
  };
}
