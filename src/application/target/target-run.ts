import type { Result } from 'neverthrow';
import type { RunJobStatus } from '../../domain/events/run-status.js';
import type { RealizedPreparedOutput } from '../../domain/records/prepared-outputs-record.js';
import type { RunStateLayout } from '../../domain/records/run-layout.js';
import type { RunJobRecord, RunRecord } from '../../domain/records/run-record.js';
import type { RerunSelection } from '../../domain/target/rerun-selection.js';
import type { TargetConfigInput } from '../../domain/target/target-config.js';
import type { JobFault } from '../faults/job-fault.js';
import type { JobCallOptions, JobRun } from '../job/job-call.js';

/** Values of secrets by job id (as the configuration has it) and name. */
export type TargetSecrets = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** What to run of a target, on which workspace, and how. A target that is not there or not valid is a fault. */
export interface RunTargetInput extends JobCallOptions {
  /** Name of a target of the configuration, or of `definition`. */
  readonly target: string;
  /** The target itself, where the configuration does not have it. */
  readonly definition?: TargetConfigInput;
  /** Directory whose snapshot all jobs get. */
  readonly workspace: string;
  /** A new one is made when left out. */
  readonly runId?: string;
  /** Only these, and what they depend on; ids with or without their matrix values. */
  readonly jobs?: readonly string[];
  /** Taken from the environment, as the target says, when left out. */
  readonly secrets?: TargetSecrets;
  /** Paths relative to the workspace. With them the target's filters decide whether there is anything to do. */
  readonly changedFiles?: readonly string[];
  /** The same, as git has it: all that differs from the commit at which the workspace left the way to this revision, such as `origin/main`. */
  readonly changedSince?: string;
  /** For the record; the branch that is checked out when left out. */
  readonly branch?: string;
  /** Instead of the target's own. */
  readonly failFast?: boolean;
  readonly parallel?: number;
  /** Leaves the machine of a job that failed in place for this long, for `shell`. Seconds. */
  readonly keepOnFailureSecs?: number;
  /** For the record: the run that this one repeats. */
  readonly rerunOf?: string;
  /** For the record and its commands (`PIKACI_RUN_ATTEMPT`): which attempt it is, from 1. When left out, 1; unknown with `rerunOf`. */
  readonly attempt?: number;
  /** Called once for each job, when its end is known. It is not awaited; what it throws or rejects with is told as a `run_warning`. */
  readonly onJobEnd?: (end: TargetJobEnd) => void | Promise<void>;
}

/** How one job of a run ended. `skipped`: the node `cause` did not pass, or (null) the run as a whole had nothing to do. `not_started`: the run was interrupted first. `endedFor` is the node whose failure has cancelled it (`failFast`). `allowed`: it failed, which does not count. `notNeeded`: its `when` did not apply. */
export type TargetJobEnd = { readonly jobId: string } & (
  | { readonly kind: 'ended'; readonly run: JobRun; readonly endedFor?: string; readonly allowed?: true }
  | {
      readonly kind: 'faulted';
      readonly fault: JobFault;
      readonly endedFor?: string;
      readonly allowed?: true;
    }
  | {
      readonly kind: 'skipped';
      readonly cause: string | null;
      readonly reason: string;
      readonly notNeeded?: true;
    }
  | { readonly kind: 'not_started' }
  /** It has ended before: in the run that this one repeats (`taken_over_from`), or under a runner that is gone. */
  | { readonly kind: 'recorded'; readonly record: RunJobRecord; readonly allowed?: true }
);

/** How a prepare node ended. `skipped`: the node `cause` did not end well. `not_started`: the run ended before. `cause` is null for one that was not needed. `endedFor` and the others as for a job. */
export type PrepareEnd = { readonly nodeId: string } & (
  | { readonly kind: 'realized'; readonly output: RealizedPreparedOutput; readonly cached: boolean }
  /** A template; `instance` is on the host, and its snapshot is what jobs are copies of. */
  | { readonly kind: 'template'; readonly key: string; readonly instance: string; readonly cached: boolean }
  | {
      readonly kind: 'faulted';
      readonly fault: JobFault;
      readonly endedFor?: string;
      readonly allowed?: true;
    }
  | {
      readonly kind: 'skipped';
      readonly cause: string | null;
      readonly reason: string;
      readonly notNeeded?: true;
    }
  | { readonly kind: 'not_started' }
  /** It has ended before, as a job may. */
  | {
      readonly kind: 'recorded';
      readonly status: RunJobStatus;
      readonly message: string | null;
      readonly allowed?: true;
    }
);

/** A run that has ended and is recorded. Machines may still be under removal. */
export interface TargetRun {
  readonly runId: string;
  readonly record: RunRecord;
  readonly state: RunStateLayout;
  /** In the plan's order. */
  readonly jobs: readonly TargetJobEnd[];
  readonly prepares: readonly PrepareEnd[];
  /** Resolves when every machine is gone, or with the first that could not be removed. */
  readonly cleanUp: Promise<Result<void, JobFault>>;
}

/** Who follows a run that goes on, and what it cannot know of itself; the rest is as it began. */
export type ResumeOptions = JobCallOptions &
  Pick<RunTargetInput, 'onJobEnd' | 'secrets'> & {
    /** Folder with the files that the run began with, where it is not the recorded one. */
    readonly workspace?: string;
    /** The beginning of what tells runs of one id on the host from each other, at least 8 characters; for a run that is not in the state root. */
    readonly id?: string;
  };

/** What may differ from the run that is repeated; the workspace is the recorded one unless said. */
export type RerunOptions = Partial<
  Omit<RunTargetInput, 'target' | 'definition' | 'rerunOf' | 'changedFiles' | 'changedSince' | 'jobs'>
> & {
  /** Only what has not passed, or these jobs, and what comes after them; all else is taken over from the run. Everything when left out. */
  readonly only?: RerunSelection;
};
