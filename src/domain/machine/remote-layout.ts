/** Where a run's files lie on the host. All that a run may change is under `runs/<run>`, so cleaning it is removing one directory. */

import { joinBelow } from '../values/path-rules.js';

export const DEFAULT_REMOTE_WORK_DIR = '/var/tmp/pikaci';

/** The directories of a job on its host, all absolute. */
export interface RemoteLayout {
  readonly remoteWorkDir: string;
  readonly remoteRunDir: string;
  readonly remoteJobDir: string;
  /** Says which machine's the job's directory is. */
  readonly remoteOwnerFile: string;
  readonly remoteSnapshotDir: string;
  readonly remoteArtifactsDir: string;
  readonly remoteCargoHomeDir: string;
  readonly remoteTargetDir: string;
  readonly remoteWorkspaceDepsDir: string;
  readonly remoteWorkspaceBuildDir: string;
}

export interface RemoteLayoutInput {
  readonly runId: string;
  readonly jobId: string;
  readonly remoteWorkDir?: string;
  /** Snapshots with a content hash are shared between runs; without one the snapshot belongs to the run. */
  readonly snapshotHash?: string;
}

/** The directories of a job, from its ids. Pure: nothing is made, and ids are taken as they are. */
export function remoteLayout(input: RemoteLayoutInput): RemoteLayout {
  const work = (input.remoteWorkDir ?? DEFAULT_REMOTE_WORK_DIR).replace(/(?<=.)\/+$/, '');
  const run = remoteRunDirOf(work, input.runId);
  const job = `${run}/jobs/${input.jobId}`;
  return {
    remoteWorkDir: work,
    remoteRunDir: run,
    remoteJobDir: job,
    remoteOwnerFile: `${job}/owner`,
    remoteSnapshotDir:
      input.snapshotHash === undefined
        ? `${run}/snapshot`
        : `${snapshotHomeDir(work, input.snapshotHash)}/snapshot`,
    remoteArtifactsDir: `${job}/artifacts`,
    remoteCargoHomeDir: joinBelow(work, 'cache/cargo-home'),
    remoteTargetDir: joinBelow(work, 'cache/cargo-target'),
    remoteWorkspaceDepsDir: `${job}/staged-linux-rust/workspace-deps`,
    remoteWorkspaceBuildDir: `${job}/staged-linux-rust/workspace-build`,
  };
}

/** Holds `snapshot/` and its marker; it appears whole, by one rename. */
export function snapshotHomeDir(remoteWorkDir: string, contentHash: string): string {
  return joinBelow(remoteWorkDir, `snapshots/${contentHash}`);
}

/** What a command made, under the hash of what it was made from; it appears in the same way. */
export function preparedHomeDir(remoteWorkDir: string, key: string): string {
  return joinBelow(remoteWorkDir, `prepared/${key}`);
}

/** Whether a path is that of such an output. */
export function isKeptOutput(remoteWorkDir: string, path: string): boolean {
  const [, key = ''] = /\/prepared\/([0-9a-f]{64})\/output$/.exec(path) ?? [];
  return key !== '' && path === `${preparedHomeDir(remoteWorkDir, key)}/output`;
}

export function remoteRunDirOf(remoteWorkDir: string, runId: string): string {
  return joinBelow(remoteWorkDir, `runs/${runId}`);
}

/** What runs of this id keep for themselves, each in a directory named by a UUID of its own, with its stamp in it. */
export function runHoldsDir(remoteRunDir: string): string {
  return `${remoteRunDir}/holds`;
}

/**
 * Links that Nix takes for garbage-collection roots, one directory for each prepare node, in the hold of a run. They end with the run. Before
 * 0.2 they were in the directory of the run itself.
 */
export function gcRootsDir(holdDir: string): string {
  return `${holdDir}/gc-roots`;
}
