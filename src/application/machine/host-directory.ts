import { posix } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import {
  type Acquisition,
  acquisitionWord,
  isSameAcquisition,
  readAcquisitionWord,
} from '../../domain/machine/acquisition.js';
import type { RemoteLayout } from '../../domain/machine/remote-layout.js';
import type { FileFault, FileStore } from '../../ports/file-store.js';
import { awakeBound } from '../../streams/awake-timer.js';
import type { FaultCause, JobFault } from '../faults/job-fault.js';
import { hostFilesFault, wasReached } from '../faults/port-faults.js';
import { releaseRun } from '../holds/release-run.js';

const PHASE = 'prepare_directories';
const LONGEST_OWNER = 4096;
/** Another machine of the run may be removed in this moment, and the empty parents with it. */
const RACES = 5;
const BOUND_MS = 90_000;
/** A call after a loss connects again. */
const TRIES = 3;

/** Of whose directory on the host something is done. */
export interface OwnedDirectory {
  readonly layout: Pick<RemoteLayout, 'remoteJobDir' | 'remoteRunDir' | 'remoteOwnerFile'>;
  readonly acquisition: Acquisition;
}

/** The same of one that is about to be made. */
export interface NewDirectory extends OwnedDirectory {
  /** The lease of a microVM that is to be known before there is a machine. */
  readonly lease?: string;
}

/**
 * Makes the directory that a machine has on its host, with its owner in it, by one rename: of two machines of the same ids one has it, and
 * the other gets `run_exists` and touches nothing.
 */
export async function makeHostDirectory(
  hostFiles: FileStore,
  { layout, acquisition, lease }: NewDirectory,
  signal: AbortSignal,
): Promise<Result<void, JobFault>> {
  const { remoteJobDir } = layout;
  const making = asideOf(remoteJobDir, 'making', acquisition);
  const fill = async () => {
    const made = await hostFiles.makeDirectory(`${making}/artifacts`, { signal });
    const owner = Buffer.from(`${acquisitionWord(acquisition)}\n`);
    const owned = made.isErr() ? made : await hostFiles.writeFile(`${making}/owner`, owner, { signal });
    if (owned.isErr() || lease === undefined) return owned;
    const told = await hostFiles.makeDirectory(`${making}/vm/control`, { signal });
    if (told.isErr()) return told;
    return await hostFiles.writeFile(`${making}/vm/lease`, Buffer.from(`${lease}\n`), { signal });
  };
  let filled = await fill();
  for (let race = 0; filled.isErr() && filled.error.kind === 'not_found' && race < RACES; race++)
    filled = await fill();
  if (filled.isErr()) return err(hostFilesFault(filled.error, PHASE));
  const placed = await hostFiles.rename(making, remoteJobDir, { signal });
  if (placed.isOk()) return ok(undefined);
  const { error } = placed;
  // The answer may have been lost, and not the request.
  const owner = await ownerOf(hostFiles, layout, signal);
  if (owner.isOk() && owner.value !== null && isSameAcquisition(acquisition, owner.value))
    return ok(undefined);
  if (error.kind !== 'not_empty' && error.kind !== 'already_exists') return err(hostFilesFault(error, PHASE));
  const message = `a machine of this run and job is on ${hostFiles.host} already, or what one has left: ${remoteJobDir} is there; give this run another id; "pikaci gc --remote" removes a machine once its lease has ended, and a directory without a machine half an hour after its last sign, but neither while a runner is there`;
  return err({ kind: 'run_exists', phase: PHASE, host: hostFiles.host, message, cause: error });
}

/**
 * Removes a machine's directory, and the run's when this was its last machine; that of another machine of these ids stays. It is moved
 * aside first, so that a removal that breaks off leaves nothing that would be taken for somebody's. Idempotent.
 */
export async function removeHostDirectory(
  hostFiles: FileStore,
  { layout, acquisition }: OwnedDirectory,
  signal: AbortSignal = awakeBound(BOUND_MS),
): Promise<Result<void, JobFault>> {
  const { remoteJobDir, remoteRunDir } = layout;
  const leaving = asideOf(remoteJobDir, 'leaving', acquisition);
  const moved = await acrossLosses(async () => {
    const owner = await ownerOf(hostFiles, layout, signal);
    if (owner.isErr()) return err(owner.error);
    if (!isSameAcquisition(acquisition, owner.value)) return ok(undefined);
    const aside = await hostFiles.rename(remoteJobDir, leaving, { signal });
    return aside.isErr() && aside.error.kind === 'not_found' ? ok(undefined) : aside;
  });
  if (moved.isErr()) return err(hostFilesFault(moved.error, 'clean_up'));
  for (const aside of [leaving, asideOf(remoteJobDir, 'making', acquisition)]) {
    const removed = await acrossLosses(() => hostFiles.remove(aside, { recursive: true, signal }));
    if (removed.isErr()) return err(hostFilesFault(removed.error, 'clean_up'));
  }
  for (const parent of [posix.dirname(remoteJobDir), remoteRunDir]) {
    const emptied = await acrossLosses(() => hostFiles.remove(parent, { signal }));
    if (emptied.isErr()) {
      if (parent === remoteRunDir) await releaseRun(hostFiles, parent, signal);
      break;
    }
  }
  return ok(undefined);
}

/** Whose a job's directory is; null when it has no owner, as those made before 0.2, or is not there. */
export async function ownerOf(
  hostFiles: FileStore,
  { remoteOwnerFile }: OwnedDirectory['layout'],
  signal: AbortSignal,
): Promise<Result<Acquisition, FileFault>> {
  const read = await hostFiles.readFile(remoteOwnerFile, { maxBytes: LONGEST_OWNER, signal });
  if (read.isOk()) return ok(readAcquisitionWord(Buffer.from(read.value).toString('utf8')));
  const { kind } = read.error;
  return kind === 'not_found' || kind === 'not_a_directory' ? ok(null) : err(read.error);
}

/** Beside the job's directory, where no id of a job leads. */
function asideOf(jobDir: string, state: 'making' | 'leaving', acquisition: Acquisition): string {
  const whose = acquisition ?? posix.basename(jobDir);
  return `${posix.dirname(jobDir)}/.${state}-${whose}`;
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

async function acrossLosses(
  attempt: () => Promise<Result<void, FileFault>>,
): Promise<Result<void, FileFault>> {
  let done = await attempt();
  for (let tries = 1; tries < TRIES && done.isErr() && isLoss(done.error); tries++) done = await attempt();
  return done;
}
