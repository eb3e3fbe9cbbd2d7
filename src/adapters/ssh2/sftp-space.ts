import { dirname } from 'node:path/posix';
import type { FileFault } from '../../ports/file-store.js';
import { type OpenSession, sftpRequest } from './sftp-session.js';

/** All that the protocol has for a full disk, a quota that is used up, and much else (draft-ietf-secsh-filexfer-02, 7). */
const BARE = /^failure$/i;
/** Below that a disk counts as full: a file system keeps a few blocks for itself. */
const FULL_BYTES = 64 * 1024;
/** Names above a path that are looked at: the last ones may be what could not be made. */
const MOST_PARENTS = 64;

interface Space {
  readonly f_frsize: number | bigint;
  readonly f_bavail: number | bigint;
  readonly f_files: number | bigint;
  readonly f_favail: number | bigint;
}

/** The fault of something that could not be written. Where the server says no more than "Failure", it is asked whether its disk is full. */
export async function whyUnwritten(session: OpenSession, fault: FileFault): Promise<FileFault> {
  if (fault.kind !== 'io' || !BARE.test(fault.message)) return fault;
  const space = await spaceAt(session, fault.path);
  if (space === null) return { ...fault, message: `${fault.message} (the server says no more)` };
  const bytes = Number(space.f_bavail) * Number(space.f_frsize);
  const isFull = bytes < FULL_BYTES;
  // A file system that counts no files (btrfs) says 0 of 0.
  if (isFull || (Number(space.f_files) > 0 && Number(space.f_favail) === 0)) {
    const left = isFull ? `${bytes} bytes` : 'no more files';
    return { ...fault, kind: 'no_space', message: `no space is left on the host's disk: ${left} are free` };
  }
  const free = `${Math.floor(bytes / 1024 ** 2)} MiB are free there, so it may be a quota, a read-only file system or a failing disk`;
  return { ...fault, message: `${fault.message} (the server says no more; ${free})` };
}

/** Of the disk that the path is on, or would be; null when the server does not say. */
async function spaceAt(session: OpenSession, path: string): Promise<Space | null> {
  let at = path;
  for (let looks = 0; looks < MOST_PARENTS; looks++) {
    const asked = await sftpRequest<Space>(session, {}, (sftp, answer) =>
      sftp.ext_openssh_statvfs(at, (error, space) => answer(error, space)),
    );
    if (asked.isOk()) return asked.value;
    const { error } = asked;
    if (typeof error === 'string' || error.code === null || at === dirname(at)) return null;
    at = dirname(at);
  }
  return null;
}
