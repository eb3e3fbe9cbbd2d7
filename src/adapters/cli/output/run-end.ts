import { dirname, join } from 'node:path/posix';
import type { JobRun } from '../../../application/api/pikaci.js';
import { type JobFault, jobMayStillRun } from '../../../application/faults/job-fault.js';
import { type JobSummary, jobSummarySchema, type WireFault } from '../../../domain/events/run-finished.js';
import { attemptsOf } from '../../../domain/job/job-retry.js';
import type { RunJobRecord } from '../../../domain/records/run-record.js';

/** How one job of a run ended for the command line. `instance` is the machine that it is known to have had. */
export type JobEnd = {
  readonly jobId: string;
  /** Of a job that was cancelled because this node failed (`--fail-fast`). */
  readonly endedFor?: string;
  /** It failed, which does not count. */
  readonly allowed?: true;
} /** `left` is there when the process leaves before the machine is removed. */ & (
  | { readonly kind: 'ended'; readonly run: JobRun; readonly left?: { readonly instance: string | null } }
  | { readonly kind: 'faulted'; readonly fault: JobFault; readonly instance: string | null }
  | { readonly kind: 'not_started' }
  /** It has ended before: in the run that this one repeats, or under a runner that is gone. */
  | { readonly kind: 'recorded'; readonly record: RunJobRecord }
  /** Something that it depends on did not pass, or the run had nothing to do. */
  | { readonly kind: 'skipped'; readonly reason: string; readonly notNeeded?: true }
  /** The process leaves while the job goes on. */
  | { readonly kind: 'abandoned'; readonly instance: string | null; readonly left: LeftOfJob }
);

/** What may be on the host of a job that its process leaves: nothing, its directory alone, or its machine as well. */
export type LeftOfJob = 'nothing' | 'directory' | 'machine';

export interface RunEnd {
  readonly runId: string;
  readonly host: string;
  /** Null when a job was attached to. */
  readonly target: string | null;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly finishedAt: string;
  /** Of the pikaci process. */
  readonly exitCode: number;
  readonly jobs: readonly JobEnd[];
  /** The options that said where the run is, for commands that are to be pasted; each with a blank in front. */
  readonly where?: string;
  /** Prepare nodes that failed. */
  readonly prepares?: readonly {
    readonly nodeId: string;
    readonly fault: JobFault;
    readonly endedFor?: string;
    readonly allowed?: true;
  }[];
}

/** What the machine-readable outputs say about a job. */
export function jobSummary(end: JobEnd): JobSummary {
  const none = { job_id: end.jobId, cause: null, exit_code: null, guest_log: null, artifacts_dir: null };
  switch (end.kind) {
    case 'ended': {
      const { outcome, state } = end.run;
      return {
        job_id: end.jobId,
        status: outcome.status,
        ...allowedIn(end),
        cause: outcome.cause,
        exit_code: outcome.exit_code,
        message: outcome.message,
        ...attemptsOf(outcome.attempt ?? 1, outcome.earlier_attempts ?? []),
        guest_log: state.guestLog,
        artifacts_dir: state.artifactsDir,
        fault: null,
        ...machineLeft(end.left?.instance),
      };
    }
    case 'faulted':
      return {
        ...none,
        ...(end.fault.kind === 'cancelled'
          ? { status: 'cancelled', cause: 'cancelled' }
          : { status: 'faulted' }),
        ...allowedIn(end),
        message: end.fault.message,
        ...attemptsOfFault(end.fault),
        fault: wireFault(end.fault),
        ...(jobMayStillRun(end.fault) ? machineLeft(end.instance) : {}),
      };
    case 'not_started':
      return { ...none, status: 'not_started', message: 'the run was interrupted first', fault: null };
    case 'recorded':
      return recordedSummary(end, end.record);
    case 'skipped':
      return {
        ...none,
        status: 'skipped',
        ...(end.notNeeded === true ? { not_needed: true } : {}),
        message: end.reason,
        fault: null,
      };
    case 'abandoned':
      return {
        ...none,
        status: 'abandoned',
        message: abandonedMessage(end),
        fault: null,
        ...machineLeft(end.instance),
      };
  }
}

function recordedSummary(end: JobEnd, record: RunJobRecord): JobSummary {
  const { status, message, guest_log_path: log } = record;
  const known = jobSummarySchema.shape.status.safeParse(status);
  const ran = record.started_at !== null;
  return {
    job_id: end.jobId,
    status: known.success ? known.data : 'not_started',
    ...allowedIn(end),
    ...(record.not_needed === true ? { not_needed: true } : {}),
    ...(record.taken_over_from === undefined ? {} : { taken_over_from: record.taken_over_from }),
    cause: null,
    exit_code: record.exit_code,
    message: message ?? '',
    ...attemptsOf(record.attempt ?? 1, record.earlier_attempts ?? []),
    guest_log: ran ? log : null,
    artifacts_dir: ran ? artifactsBeside(log) : null,
    fault: null,
  };
}

/** In the directory of the job, which has its log. */
export const artifactsBeside = (guestLog: string) => join(dirname(guestLog), 'artifacts');

function allowedIn({ allowed }: JobEnd): Pick<JobSummary, 'allow_failure'> {
  return allowed === true ? { allow_failure: true } : {};
}

function attemptsOfFault({ earlierAttempts: earlier = [] }: JobFault) {
  return attemptsOf((earlier.at(-1)?.attempt ?? 0) + 1, earlier);
}

function machineLeft(instance: string | null | undefined): { machine?: string } {
  return instance === null || instance === undefined ? {} : { machine: instance };
}

function abandonedMessage({ instance, left }: Extract<JobEnd, { kind: 'abandoned' }>): string {
  if (left === 'nothing') return 'left before anything was made for it';
  if (left === 'directory') return 'left before its machine was made; its directory on the host may stay';
  return instance === null ? 'left behind' : `left behind with its machine ${instance}`;
}

export function wireFault(fault: JobFault): WireFault {
  return {
    kind: fault.kind,
    phase: fault.phase,
    host: fault.host,
    message: fault.message,
    field: fault.field ?? null,
    cause: fault.cause === undefined ? null : { ...fault.cause },
  };
}
