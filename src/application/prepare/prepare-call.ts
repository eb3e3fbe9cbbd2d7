import type { Result } from 'neverthrow';
import type { RunFacts } from '../../domain/job/run-variables.js';
import type { RealizedPreparedOutput } from '../../domain/records/prepared-outputs-record.js';
import type { FileStore } from '../../ports/file-store.js';
import type { RemoteShell } from '../../ports/remote-shell.js';
import type { WorkspaceSnapshot } from '../../ports/workspace-scanner.js';
import type { JobFault } from '../faults/job-fault.js';

export interface PreparePorts {
  /** Commands on the host. */
  readonly shell: RemoteShell;
  /** Commands on this machine, for what is built here and copied. */
  readonly localShell: RemoteShell;
  readonly hostFiles: FileStore;
  readonly localFiles: FileStore;
}

/** The workspace of a run, once on the host. */
export interface StagedWorkspace {
  readonly snapshot: WorkspaceSnapshot;
  /** On the host; shared between runs, never to be changed. */
  readonly snapshotDir: string;
}

export interface PrepareCall {
  readonly signal: AbortSignal;
  /** On the host. */
  readonly workDir: string;
  /** On this machine. */
  readonly workspace: string;
  /** Stages the workspace when it is first asked for. */
  readonly staged: () => Promise<Result<StagedWorkspace, JobFault>>;
  /** What is known of the run; what the workspace has checked out is the snapshot's to say. */
  readonly run: Pick<RunFacts, 'runId' | 'branch' | 'attempt' | 'traceparent'>;
  /** Outputs of the nodes that this one depends on, by their ids. */
  readonly needs: ReadonlyMap<string, RealizedPreparedOutput>;
  /** Keeps a directory on the host from being evicted for as long as the run goes on; `gone` when it is not there. */
  readonly hold: (directory: string) => Promise<Result<'held' | 'gone', JobFault>>;
  /** Where the node's garbage-collection root may be made on the host: a name in a directory of the run that is there. */
  readonly gcRoot: () => Promise<Result<string, JobFault>>;
  /** What the commands print, for the node's log. */
  readonly onOutput: (data: Uint8Array) => Promise<void>;
}

/** Where an output is; nothing has been read of it yet. */
export interface MadeOutput {
  readonly installable: string;
  readonly outputName: string;
  readonly protocol: RealizedPreparedOutput['protocol'];
  readonly residency: RealizedPreparedOutput['residency'];
  /** Absolute, on the host. */
  readonly path: string;
  /** True when an output of an earlier run was used. */
  readonly cached: boolean;
}
