import { posix } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import type { RemoteLayout } from '../../domain/machine/remote-layout.js';
import type { FileFault, FileStore } from '../../ports/file-store.js';
import type { FaultCause, JobFault } from '../faults/job-fault.js';
import { hostFilesFault, wasReached } from '../faults/port-faults.js';
import { releaseEndedRun } from '../holds/release-run.js';

/** Another machine of the run may be removed in this moment, and the empty parents with it. */
const RACES = 5;
const BOUND_MS = 90_000;
/** A call after a loss connects again. */
const TRIES = 3;

/** Makes the directories that a machine has on its host. */
export async function makeHostDirectory(
  hostFiles: FileStore,
  { remoteArtifactsDir }: Pick<RemoteLayout, 'remoteArtifactsDir'>,
  signal: AbortSignal,
): Promise<Result<void, JobFault>> {
  let made = await hostFiles.makeDirectory(remoteArtifactsDir, { signal });
  for (let race = 0; made.isErr() && made.error.kind === 'not_found' && race < RACES; race++)
    made = await hostFiles.makeDirectory(remoteArtifactsDir, { signal });
  return made.mapErr((fault) => hostFilesFault(fault, 'prepare_directories'));
}

/** Removes a machine's directory, and the run's when this was its last machine. Idempotent. */
export async function removeHostDirectory(
  hostFiles: FileStore,
  { remoteJobDir, remoteRunDir }: Pick<RemoteLayout, 'remoteJobDir' | 'remoteRunDir'>,
  signal: AbortSignal = AbortSignal.timeout(BOUND_MS),
): Promise<Result<void, JobFault>> {
  const removed = await removeAcrossLosses(hostFiles, remoteJobDir, { recursive: true, signal });
  if (removed.isErr()) return err(hostFilesFault(removed.error, 'clean_up'));
  for (const parent of [posix.dirname(remoteJobDir), remoteRunDir]) {
    const emptied = await removeAcrossLosses(hostFiles, parent, { signal });
    if (emptied.isErr()) {
      if (parent === remoteRunDir) await releaseEndedRun(hostFiles, parent, signal);
      break;
    }
  }
  return ok(undefined);
}

/** One that could not be made again is no loss: the host is out, and asking once more only takes time. */
function isLoss({ kind, cause }: FileFault): boolean {
  return kind === 'connection_lost' && (cause === undefined || cause.kind === 'connection_lost');
}

/** Whether a call to make them has reached the host. */
export function mayHaveMade(made: Result<void, JobFault>): boolean {
  return made.isOk() || made.error.cause === undefined || mayHaveBegun(made.error.cause);
}

function mayHaveBegun(cause: FaultCause): boolean {
  // Only a call that waited for a connection has a shell's fault for being cancelled.
  return wasReached(cause) && !(cause.kind === 'aborted' && 'tried' in cause && !('status' in cause));
}

async function removeAcrossLosses(
  files: FileStore,
  path: string,
  options: { readonly recursive?: boolean; readonly signal: AbortSignal },
): Promise<Result<void, FileFault>> {
  let removed = await files.remove(path, options);
  for (let tries = 1; tries < TRIES && removed.isErr() && isLoss(removed.error); tries++)
    removed = await files.remove(path, options);
  return removed;
}
