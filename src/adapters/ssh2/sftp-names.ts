import { basename, dirname } from 'node:path/posix';
import { err, ok, type Result } from 'neverthrow';
import type { FileEntryWithStats } from 'ssh2';
import type { DirectoryEntry, FileFault } from '../../ports/file-store.js';
import { fileTypeOf } from '../../streams/file-fault.js';
import type { SftpCalls } from './sftp-calls.js';
import { renameOver } from './sftp-writer.js';

/** The names in a directory, sorted by code units. */
export async function sftpList(calls: SftpCalls): Promise<Result<readonly DirectoryEntry[], FileFault>> {
  const { path } = calls.call;
  const found = await calls.request<FileEntryWithStats[]>((sftp, answer) => sftp.readdir(path, answer));
  if (found.isErr()) {
    // The server has one answer for a name that is missing and one that is not a directory.
    const self = await calls.stat();
    const isOther = self.isOk() && self.value.type !== 'directory';
    return err(isOther ? calls.fault('not_a_directory', 'it is not a directory') : found.error);
  }
  const entries = found.value.map(({ filename, attrs }) => ({
    name: filename,
    type: fileTypeOf(attrs.mode),
  }));
  return ok(entries.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)));
}

/** OpenSSH's REALPATH takes a path whose last component is missing, so what it answers is looked up as well. */
export async function sftpRealpath(calls: SftpCalls): Promise<Result<string, FileFault>> {
  const { path } = calls.call;
  const real = await calls.request<string>((sftp, answer) => sftp.realpath(path, answer));
  if (real.isErr()) return err(real.error);
  const there = await calls.lstat(real.value);
  return there.map(() => real.value);
}

/**
 * Tries the directory itself first: where its parent is there, that is one round trip. Else the whole line of parents is asked
 * for at once, which is one more with a server that works in order, as OpenSSH's does; what is left is done one by one.
 */
export async function sftpMakeDirectory(
  calls: SftpCalls,
  path: string,
  mode: number,
): Promise<Result<void, FileFault>> {
  const made = await mkdir(calls, path, mode);
  if (made.isOk()) return ok(undefined);
  if (made.error.kind === 'connection_lost' || made.error.kind === 'aborted') return err(made.error);
  const parent = dirname(path);
  if (made.error.kind === 'not_found' && parent !== path) {
    const line = await Promise.all([
      ...parentsOf(path).map((above) => mkdir(calls, above, 0o777)),
      mkdir(calls, path, mode),
    ]);
    if (line.at(-1)?.isOk()) return ok(undefined);
    const above = await sftpMakeDirectory(calls, parent, 0o777);
    if (above.isErr()) return above;
    const again = await mkdir(calls, path, mode);
    if (again.isOk()) return ok(undefined);
  }
  const found = await calls.request<{ mode: number }>((sftp, answer) => sftp.stat(path, answer));
  if (found.isErr()) return err(made.error);
  return fileTypeOf(found.value.mode) === 'directory'
    ? ok(undefined)
    : err(calls.fault('already_exists', `${path} is there and not a directory`));
}

/** Outermost first, without the root. */
function parentsOf(path: string): readonly string[] {
  const parents: string[] = [];
  for (let above = dirname(path); above !== dirname(above); above = dirname(above)) parents.unshift(above);
  return parents;
}

function mkdir(calls: SftpCalls, path: string, mode: number): Promise<Result<unknown, FileFault>> {
  return calls.request<unknown>((sftp, answer) =>
    sftp.mkdir(path, { mode }, (error) => answer(error, undefined)),
  );
}

/** SFTP's own call follows a link, so that is looked for first. */
export async function sftpSetMode(calls: SftpCalls, mode: number): Promise<Result<void, FileFault>> {
  const found = await calls.lstat();
  if (found.isErr()) return err(found.error);
  if (found.value.type === 'symlink') return err(calls.fault('io', 'it is a link'));
  const set = await calls.request<unknown>((sftp, answer) =>
    sftp.chmod(calls.call.path, mode, (error) => answer(error, undefined)),
  );
  return set.map(() => undefined);
}

export async function sftpRename(calls: SftpCalls, to: string): Promise<Result<void, FileFault>> {
  const renamed = await renameOver(calls, calls.call.path, to);
  if (renamed.isOk()) return ok(undefined);
  if (renamed.error.kind !== 'io') return err(renamed.error);
  // The server says no more than "Failure".
  const [source, target] = await Promise.all([calls.lstat(), calls.lstat(to)]);
  if (source.isErr()) return err(source.error);
  if (target.isErr()) return err(renamed.error);
  if (target.value.type !== 'directory') {
    return source.value.type === 'directory'
      ? err(calls.fault('not_a_directory', `${basename(to)} is there and not a directory`))
      : err(renamed.error);
  }
  return source.value.type === 'directory'
    ? err(calls.fault('not_empty', `${to} is there and not empty`))
    : err(calls.fault('is_a_directory', `${to} is a directory`));
}

/** Removes one name. A directory has to be empty; `not_empty` says otherwise. */
export async function sftpRemove(calls: SftpCalls): Promise<Result<void, FileFault>> {
  const { path } = calls.call;
  const removed = await calls.request<unknown>((sftp, answer) =>
    sftp.unlink(path, (error) => answer(error, undefined)),
  );
  if (removed.isOk() || removed.error.kind === 'not_found') return ok(undefined);
  if (removed.error.kind === 'connection_lost' || removed.error.kind === 'aborted') return err(removed.error);
  const found = await calls.lstat();
  if (found.isErr()) return found.error.kind === 'not_found' ? ok(undefined) : err(found.error);
  if (found.value.type !== 'directory') return err(removed.error);
  const emptied = await calls.request<unknown>((sftp, answer) =>
    sftp.rmdir(path, (error) => answer(error, undefined)),
  );
  if (emptied.isOk() || emptied.error.kind === 'not_found') return ok(undefined);
  // The protocol (draft-ietf-secsh-filexfer-02, 7) has no word for it but "failure".
  return err(
    emptied.error.kind === 'io'
      ? calls.fault('not_empty', 'it has something in it; say recursive to remove that as well')
      : emptied.error,
  );
}
