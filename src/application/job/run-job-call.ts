import type { Result } from 'neverthrow';
import type { JobOutcome } from '../../domain/job/job-outcome.js';
import type { JobAttempt } from '../../domain/job/job-retry.js';
import type { StagedArtifacts } from '../../domain/mounts/artifacts-mount.js';
import type { FileStore } from '../../ports/file-store.js';
import type { RemoteShell } from '../../ports/remote-shell.js';
import type { ScanFault, WorkspaceSnapshot } from '../../ports/workspace-scanner.js';
import type { Journal } from '../events/journal.js';
import type { JobFault } from '../faults/job-fault.js';
import type { MachineBaseSource } from '../machine/machine-spec.js';
import type { StageSnapshot } from '../snapshot/stage-snapshot.js';
import type { RunJobInput } from './job-call.js';
import type { JobCopies } from './job-copies.js';

/** The host or the member of a cluster on which a job's machine is made. */
export interface HostOfJob {
  readonly stageSnapshot: Pick<StageSnapshot, 'stage'>;
  readonly hostFiles: FileStore;
  readonly shell: RemoteShell;
}

/** The prepared outputs that a job mounts, in a cluster. */
export interface OutputsOfJob {
  /** Why they cannot leave the host; null where they can. */
  readonly bound: string | null;
  /** Puts them where its machine is made; may be called again. They are held until the run has ended. */
  readonly bring: (there: HostOfJob, signal: AbortSignal) => Promise<Result<void, JobFault>>;
}

/** What was staged is held until the run has ended. */
export type StageArtifacts = (
  there: HostOfJob,
  journal: Journal,
  signal: AbortSignal,
) => Promise<Result<readonly StagedArtifacts[], JobFault>>;

/** What a run of several jobs adds to one of them. */
export interface RunJobCall extends RunJobInput {
  /** Reads the workspace, once for all jobs of a run. */
  readonly scan?: () => Promise<Result<WorkspaceSnapshot, ScanFault>>;
  /** Puts the artifacts of other jobs, which it mounts, where its machine is made; may be called again. None when left out. */
  readonly artifactsFrom?: StageArtifacts;
  /** Of a job that has some which the run has made. */
  readonly outputs?: OutputsOfJob;
  /** Of the run, for the record. */
  readonly target?: string;
  /** What its machine is made from; the configured image when left out. */
  readonly base?: MachineBaseSource;
  /** What services are made from that are from templates, by the names of these. */
  readonly serviceBases?: ReadonlyMap<string, MachineBaseSource>;
  /** Names of secrets that were warned of, by all jobs of the run. */
  readonly saidOfSecrets?: Set<string>;
  /** Which attempt at the job it is, from 1; the first when left out. */
  readonly jobAttempt?: number;
  /** Those before it. */
  readonly earlierAttempts?: readonly JobAttempt[];
  /** Whether another attempt follows this end, so that its machine is not kept. */
  readonly isRetried?: (outcome: JobOutcome) => boolean;
  /** Which attempt the run is, null when nobody knows; the first when left out. */
  readonly attempt?: number | null;
  /** Where in a cluster it is to run, and why there; left out where nobody has chosen. */
  readonly placed?: { readonly member: string; readonly reason: string };
  /** Members of a cluster that it is placed on only where there is no other: attempts before it were lost there. */
  readonly avoid?: readonly string[];
  /** How long it has waited for a member that has room, ms. */
  readonly waitedMs?: number;
  /** Of the records of the run's jobs; none when left out. */
  readonly copies?: JobCopies;
  /** The span of the run; what the caller has active when left out. */
  readonly traceparent?: string | null;
}
