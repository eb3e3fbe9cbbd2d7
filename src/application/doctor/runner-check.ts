import { posix } from 'node:path';
import type { FileStore } from '../../ports/file-store.js';
import { warned } from './check.js';
import type { DoctorCheck } from './doctor-report.js';

/**
 * What this machine lacks: git lists the files of a workspace that is in a repository. Null where it is there, or nobody says where programs
 * are. `directories` are those of PATH, absolute.
 */
export async function checkRunner(
  files: Pick<FileStore, 'lstat'>,
  directories: readonly string[],
  signal: AbortSignal,
): Promise<DoctorCheck | null> {
  if (directories.length === 0) return null;
  const looks = directories.map((directory) => files.lstat(posix.join(directory, 'git'), { signal }));
  const found = await Promise.all(looks);
  if (found.some((git) => git.isOk())) return null;
  return warned(
    'runner',
    'git is not on the PATH of this machine: a workspace that is in a repository is refused, and so is a state root of which nobody can tell whether it is tracked',
    'sudo apt-get install git   # apk add git',
  );
}
