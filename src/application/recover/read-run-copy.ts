import { err, ok, type Result } from 'neverthrow';
import { type JobRecord, jobRecordSchema } from '../../domain/job/job-record.js';
import { type PlanRecord, planRecordSchema } from '../../domain/records/plan-record.js';
import {
  type PreparedOutputsRecord,
  preparedOutputsRecordSchema,
} from '../../domain/records/prepared-outputs-record.js';
import { jobInRunCopy, type RunCopyName, runCopyLayout } from '../../domain/records/run-copy-layout.js';
import { attemptStateLayout, jobStateLayout, runStateLayout } from '../../domain/records/run-layout.js';
import { type RunJobRecord, type RunRecord, runRecordSchema } from '../../domain/records/run-record.js';
import { jobIdSchema } from '../../domain/values/identifier.js';
import type { FileStore } from '../../ports/file-store.js';
import type { JobFault } from '../faults/job-fault.js';
import { readRecord } from '../records/read-record.js';

const MOST_JOBS = 10_000;

/** The records of a run as they were on the host, made those of a state root. */
export interface CopiedRun {
  readonly run: RunRecord;
  readonly plan: PlanRecord;
  readonly outputs: PreparedOutputsRecord | null;
  readonly jobs: readonly JobRecord[];
}

interface Destination {
  readonly stateRoot: string;
  /** The folder of the files that the run began with. */
  readonly workspace: string;
}

/**
 * Reads a copy. Nothing of it is believed to be a path of this machine, and no id in it becomes a part of one that was not looked at. Where a copy does
 * not say whether its job was handed over, it may have been.
 */
export async function readRunCopy(
  files: FileStore,
  at: { readonly workDir: string; readonly name: RunCopyName },
  to: Destination,
  signal: AbortSignal,
): Promise<Result<CopiedRun, JobFault>> {
  const { runId } = at.name;
  const layout = runCopyLayout(at.workDir, at.name);
  const refuse = (path: string, message: string) =>
    err({ kind: 'host_files', phase: null, host: files.host, message: `${path}: ${message}` } as const);
  const run = await readRecord(files, layout.runRecord, runRecordSchema, signal);
  if (run.isErr()) return refuse(layout.runRecord, textOf(run.error));
  const plan = await readRecord(files, layout.planRecord, planRecordSchema, signal);
  if (plan.isErr()) return refuse(layout.planRecord, textOf(plan.error));
  const outputs = await readRecord(files, layout.preparedOutputs, preparedOutputsRecordSchema, signal);
  if (outputs.isErr() && outputs.error.kind !== 'missing')
    return refuse(layout.preparedOutputs, textOf(outputs.error));
  if (run.value.run_id !== runId || plan.value.run_id !== runId)
    return refuse(layout.runRecord, 'it is the record of another run');
  const ids = run.value.jobs.map(({ id }) => id);
  const bad = ids.find((id, index) => !jobIdSchema.safeParse(id).success || ids.indexOf(id) !== index);
  if (bad !== undefined || ids.length > MOST_JOBS)
    return refuse(layout.runRecord, `jobs: ${JSON.stringify(bad ?? ids.length)} is not to be expected there`);
  const jobs: JobRecord[] = [];
  for (const id of ids) {
    const path = jobInRunCopy(layout, id);
    const job = await readRecord(files, path, jobRecordSchema, signal);
    if (job.isErr() && job.error.kind === 'missing') continue;
    if (job.isErr()) return refuse(path, textOf(job.error));
    if (job.value.run_id !== runId || job.value.job_id !== id)
      return refuse(path, 'it is the record of another job');
    jobs.push(ownJob(job.value, { host: files.host, was: run.value.host, ...to }));
  }
  return ok({
    run: ownRun(run.value, { host: files.host, ...to }),
    plan: plan.value,
    outputs: outputs.unwrapOr(null),
    jobs,
  });
}

/** Other runners may reach the same host by another name. */
function ownJob(
  { will_retry: _, retried_by: _1, ...job }: JobRecord,
  { host, was, workspace }: Destination & { readonly host: string; readonly was: string | null },
): JobRecord {
  const handed = job.handed_over_at ?? job.launched_at ?? job.created_at;
  const isUnknown = job.handed_over_at == null && job.outcome === null;
  return {
    ...job,
    host: job.host === was ? host : job.host,
    workspace,
    handed_over_at: handed,
    ...(isUnknown ? { hand_over_unknown: true } : {}),
  };
}

function ownRun(
  { runner: _, ...run }: RunRecord,
  { host, stateRoot, workspace }: Destination & { readonly host: string },
): RunRecord {
  const state = runStateLayout(stateRoot, run.run_id);
  const isOpen = run.status === 'running' || run.status === 'interrupted';
  return {
    ...run,
    host,
    source_root: workspace,
    plan_path: state.planRecord,
    prepared_outputs_path: run.prepared_outputs_path === null ? null : state.preparedOutputs,
    ...(isOpen ? { status: 'interrupted', finished_at: null } : {}),
    prepare_timings: run.prepare_timings.map((timing) => ({ ...timing, log_path: null })),
    jobs: run.jobs.map((job) => ownRunJob(job, { stateRoot, runId: run.run_id })),
  };
}

function ownRunJob(
  job: RunJobRecord,
  { stateRoot, runId }: { readonly stateRoot: string; readonly runId: string },
): RunJobRecord {
  const here = jobStateLayout(stateRoot, runId, job.id);
  const earlier = job.earlier_attempts?.map((attempt) => {
    const there = attemptStateLayout(stateRoot, runId, job.id, attempt.attempt);
    return { ...attempt, host_log_path: there.hostLog, guest_log_path: there.guestLog };
  });
  const isOpen = job.status === 'running' || job.status === 'pending' || job.status === 'detached';
  return {
    ...job,
    host_log_path: here.hostLog,
    guest_log_path: here.guestLog,
    ...(earlier === undefined ? {} : { earlier_attempts: earlier }),
    ...(isOpen ? { status: 'interrupted' } : {}),
  };
}

function textOf(fault: { readonly kind: string; readonly message?: string }): string {
  return fault.message ?? 'it is not there';
}
