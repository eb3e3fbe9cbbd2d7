import { err, ok, type Result } from 'neverthrow';
import { machinesDirOf } from '../../domain/records/machine-layout.js';
import { foreignEntries } from '../../domain/records/own-entries.js';
import { poolsDirOf, runsDirOf } from '../../domain/records/run-layout.js';
import { quoteWord } from '../../domain/values/shell-words.js';
import type { FileStore } from '../../ports/file-store.js';
import type { JobFault } from '../faults/job-fault.js';
import { localFilesFault } from '../faults/port-faults.js';

const PRIVATE = 0o700;
/** Sticky, or everybody may write there: such as `/tmp`. */
const EVERYBODYS = 0o1002;

/** Why a state root that is a link is refused, by those that record in it and those that read it: whoever made it, a workspace's author perhaps, would say what was recorded, and where. */
export function whyNoLink(path: string): string {
  return `the state root ${path} is a link: let "stateRoot" name the directory itself; where it leads to: readlink -f ${quoteWord(path)}`;
}

/** Before something that is recorded there is read or taken up. What is not there is fine. */
export async function checkStateRoot(
  files: Pick<FileStore, 'host' | 'lstat'>,
  path: string,
): Promise<Result<void, JobFault>> {
  for (const place of placesOfState(path)) {
    const there = await files.lstat(place);
    // What else is wrong with it is told by whoever reads.
    if (there.isErr() || there.value.type !== 'symlink') continue;
    const message = place === path ? whyNoLink(path) : whyNoLinkIn(place);
    return err({ kind: 'local_files', phase: null, host: files.host, message, field: 'stateRoot' });
  }
  return ok(undefined);
}

/** The state root, and the directories in it that hold what is recorded: none of them may lead elsewhere. */
export function placesOfState(stateRoot: string): readonly string[] {
  return [stateRoot, runsDirOf(stateRoot), machinesDirOf(stateRoot), poolsDirOf(stateRoot)];
}

/** The same of a directory in the state root. */
export function whyNoLinkIn(path: string): string {
  return `${path} is a link, and what is recorded in the state root has to be in it: remove the link, or move what it leads to there; where it leads to: readlink -f ${quoteWord(path)}`;
}

/**
 * Makes the state root before something is recorded in it, for its owner alone: logs and artifacts hold what workspaces hold. One that
 * others can read is closed to them. Where it is everybody's, or holds other things as well, what is pikaci's in it is closed instead.
 */
export async function makeStateRoot(files: FileStore, path: string): Promise<Result<void, JobFault>> {
  const usable = await checkStateRoot(files, path);
  if (usable.isErr()) return usable;
  const there = await files.lstat(path);
  if (there.isErr()) {
    if (there.error.kind !== 'not_found') return err(localFilesFault(there.error, null));
    const made = await files.makeDirectory(path, { mode: PRIVATE });
    return made.mapErr((fault) => localFilesFault(fault, null));
  }
  const { type, mode } = there.value;
  if (type !== 'directory' || (mode & 0o777) === PRIVATE) return ok(undefined);
  const listed = await files.list(path);
  if (listed.isErr()) return err(localFilesFault(listed.error, null));
  const isOthers = foreignEntries(listed.value.map(({ name }) => name)).length > 0;
  if (!isOthers && (mode & EVERYBODYS) === 0) return close(files, path);
  for (const own of [runsDirOf(path), machinesDirOf(path)]) {
    const made = await files.makeDirectory(own, { mode: PRIVATE });
    if (made.isErr()) return err(localFilesFault(made.error, null));
    const closed = await close(files, own);
    if (closed.isErr()) return closed;
  }
  return ok(undefined);
}

async function close(files: FileStore, path: string): Promise<Result<void, JobFault>> {
  const closed = await files.setMode(path, PRIVATE);
  // Another user's, who alone can close it, and has let this one write there.
  if (closed.isErr() && closed.error.kind === 'permission_denied') return ok(undefined);
  return closed.mapErr((fault) => localFilesFault(fault, null));
}
