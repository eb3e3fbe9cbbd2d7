import { err, ok, type Result } from 'neverthrow';
import { isFinal, runStatusOf } from '../../domain/events/run-status.js';
import type { JobOutcome } from '../../domain/job/job-outcome.js';
import { jobRecordSchema } from '../../domain/job/job-record.js';
import { jobStateLayout } from '../../domain/records/run-layout.js';
import { type RunJobRecord, type RunRecord, runRecordSchema } from '../../domain/records/run-record.js';
import { jobIdSchema } from '../../domain/values/identifier.js';
import type { FileStore } from '../../ports/file-store.js';
import { checkedRun } from './checked-run.js';
import { asInterrupted, type RecordPorts } from './interrupted-run.js';
import { loadSteps } from './load-steps.js';
import { readRecord } from './read-record.js';
import type { RunStateFault } from './run-state-fault.js';

export interface RunQuery {
  readonly stateRoot: string;
  readonly runId: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * What `run.json` says, brought up to date: a job that ended after its runner was gone (`attach`) has its outcome in its own
 * record, one that goes on has its steps in a file of their own, and the run has ended when all its jobs have. One whose runner has ended before it is `interrupted`.
 */
export async function loadRunRecord(
  ports: RecordPorts,
  query: RunQuery,
): Promise<Result<RunRecord, RunStateFault>> {
  const { files } = ports;
  const run = checkedRun(query.stateRoot, query.runId);
  if (run.isErr()) return err(run.error);
  const read = await readRecord(files, run.value.runRecord, runRecordSchema, query.signal);
  if (read.isErr()) {
    if (read.error.kind !== 'missing') return err(read.error);
    const message = `there is no run ${query.runId}: ${run.value.runRecord} does not exist`;
    return err({ kind: 'no_such_run', path: run.value.runRecord, message, cause: read.error.cause });
  }
  if (read.value.run_id !== query.runId) {
    const message = `${run.value.runRecord} cannot be read: it is the record of another run`;
    return err({ kind: 'damaged', path: run.value.runRecord, message });
  }
  return ok(await asInterrupted(ports, query.stateRoot, await broughtUpToDate(files, query, read.value)));
}

async function broughtUpToDate(files: FileStore, query: RunQuery, record: RunRecord): Promise<RunRecord> {
  if (record.jobs.every((job) => isFinal(job.status))) return record;
  const jobs = await Promise.all(record.jobs.map((job) => withOwnOutcome(files, query, job)));
  if (!jobs.every((job) => isFinal(job.status))) return { ...record, jobs };
  const finishedAt = jobs.flatMap((job) => job.finished_at ?? []).sort();
  return {
    ...record,
    jobs,
    status: record.status === 'running' ? runStatusOf(jobs.map((job) => job.status)) : record.status,
    finished_at: record.finished_at ?? finishedAt.at(-1) ?? null,
  };
}

async function withOwnOutcome(files: FileStore, query: RunQuery, job: RunJobRecord): Promise<RunJobRecord> {
  if (isFinal(job.status) || !jobIdSchema.safeParse(job.id).success) return job;
  const { jobRecord } = jobStateLayout(query.stateRoot, query.runId, job.id);
  const own = await readRecord(files, jobRecord, jobRecordSchema, query.signal);
  const outcome = own.isOk() ? own.value.outcome : null;
  const now =
    own.isOk() && outcome !== null ? { ...job, ...recordedOutcome(outcome, own.value.backend) } : job;
  if (isFinal(now.status)) return now;
  const steps = await loadSteps(files, { ...query, job: job.id });
  // A job that goes on is worth showing without them.
  return steps.isErr() || steps.value.length === 0 ? now : { ...now, steps: [...steps.value] };
}

/** What a run's record says of a job that has an outcome. */
export function recordedOutcome(outcome: JobOutcome, backend: 'incus' | 'microvm') {
  return {
    status: outcome.status,
    started_at: outcome.started_at,
    finished_at: outcome.status === 'detached' ? null : outcome.finished_at,
    exit_code: outcome.exit_code,
    message: outcome.message === '' ? null : outcome.message,
    ...(outcome.steps === undefined ? {} : { steps: outcome.steps }),
    remote_linux_vm_execution: { backend, incus_image: outcome.incus_image, phases: outcome.phases },
  } satisfies Partial<RunJobRecord>;
}
