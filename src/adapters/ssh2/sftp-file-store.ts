import { err, ok, type Result } from 'neverthrow';
import type { DirectoryEntry, FileFault, FileStat, FileStore, FileWriter } from '../../ports/file-store.js';
import type { CallOptions } from '../../ports/remote-shell.js';
import { KeyedQueue } from '../../streams/keyed-queue.js';
import type { Ssh2Connection } from './connection.js';
import { SftpCalls } from './sftp-calls.js';
import {
  sftpList,
  sftpMakeDirectory,
  sftpRealpath,
  sftpRemove,
  sftpRename,
  sftpSetMode,
} from './sftp-names.js';
import { sftpReadFile } from './sftp-read.js';
import { removeTree } from './sftp-remove-tree.js';
import { SftpSessions } from './sftp-session.js';
import { whyUnwritten } from './sftp-space.js';
import { SftpWriter, sftpWriteFile } from './sftp-writer.js';

type Answer<T> = Promise<Result<T, FileFault>>;

const DEFAULT_MAX_BYTES = 16 * 1024 * 1024;
const DEFAULT_MODE = 0o644;
/** Operations that a full disk ends. */
const WRITING: ReadonlySet<string> = new Set(['write', 'append', 'truncate', 'make directory', 'rename']);

/** Files of a host over one SFTP session that stays open. A call during or after a loss fails once; the next one connects again. */
export class SftpFileStore implements FileStore {
  private readonly sessions: SftpSessions;
  private readonly appends = new KeyedQueue();

  constructor(private readonly connection: Ssh2Connection) {
    this.sessions = new SftpSessions(connection);
  }

  get host(): string {
    return this.connection.host;
  }

  readFile(path: string, options: CallOptions & { readonly maxBytes?: number } = {}): Answer<Uint8Array> {
    const maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES;
    return this.with(path, 'read', options, (calls) => sftpReadFile(calls, maxBytes));
  }

  writeFile(
    path: string,
    data: Uint8Array,
    options: CallOptions & { readonly mode?: number } = {},
  ): Answer<void> {
    return this.with(path, 'write', options, (calls) =>
      sftpWriteFile(calls, data, options.mode ?? DEFAULT_MODE),
    );
  }

  appendFile(path: string, data: Uint8Array, options: CallOptions = {}): Answer<void> {
    return this.appends.run(path, () =>
      this.with(path, 'append', options, async (calls) => {
        const writer = await SftpWriter.append(calls);
        if (writer.isErr()) return err(writer.error);
        await using open = writer.value;
        const written = await open.write(data);
        return written.isErr() ? err(written.error) : await open.commit();
      }),
    );
  }

  createWriter(path: string, options: CallOptions & { readonly mode?: number } = {}): Answer<FileWriter> {
    return this.with(path, 'write', options, async (calls) => {
      const mode = options.mode ?? DEFAULT_MODE;
      const writer = await SftpWriter.create(calls, mode);
      if (writer.isErr()) return err<FileWriter, FileFault>(writer.error);
      const set = await writer.value.setMode(mode);
      if (set.isOk()) return ok<FileWriter, FileFault>(writer.value);
      await writer.value[Symbol.asyncDispose]();
      return err<FileWriter, FileFault>(set.error);
    });
  }

  openAppender(path: string, options: CallOptions = {}): Answer<FileWriter> {
    return this.with<FileWriter>(path, 'append', options, (calls) => SftpWriter.append(calls));
  }

  truncate(path: string, size: number, options: CallOptions = {}): Answer<void> {
    return this.with(path, 'truncate', options, async (calls) => {
      const found = await calls.lstat();
      if (found.isErr()) return err(found.error);
      if (found.value.type === 'directory') return err(calls.fault('is_a_directory', 'it is a directory'));
      if (found.value.type !== 'file') return err(calls.fault('io', `it is a ${found.value.type}`));
      const cut = await calls.request<unknown>((sftp, answer) =>
        sftp.setstat(path, { size } as Parameters<typeof sftp.setstat>[1], (error) =>
          answer(error, undefined),
        ),
      );
      return cut.map(() => undefined);
    });
  }

  list(path: string, options: CallOptions = {}): Answer<readonly DirectoryEntry[]> {
    return this.with(path, 'list', options, sftpList);
  }

  stat(path: string, options: CallOptions = {}): Answer<FileStat> {
    return this.with(path, 'stat', options, (calls) => calls.stat());
  }

  lstat(path: string, options: CallOptions = {}): Answer<FileStat> {
    return this.with(path, 'lstat', options, (calls) => calls.lstat());
  }

  readlink(path: string, options: CallOptions = {}): Answer<string> {
    return this.with(path, 'readlink', options, async (calls) => {
      const target = await calls.request<string>((sftp, answer) => sftp.readlink(path, answer));
      // The server says EINVAL as "Bad message" where the name is not a link.
      return target.mapErr((fault) =>
        fault.kind === 'io' ? { ...fault, message: `not a link: ${fault.message}` } : fault,
      );
    });
  }

  realpath(path: string, options: CallOptions = {}): Answer<string> {
    return this.with(path, 'realpath', options, sftpRealpath);
  }

  makeDirectory(path: string, options: CallOptions & { readonly mode?: number } = {}): Answer<void> {
    return this.with(path, 'make directory', options, (calls) =>
      sftpMakeDirectory(calls, path, options.mode ?? 0o777),
    );
  }

  setMode(path: string, mode: number, options: CallOptions = {}): Answer<void> {
    return this.with(path, 'set mode', options, (calls) => sftpSetMode(calls, mode));
  }

  rename(from: string, to: string, options: CallOptions = {}): Answer<void> {
    return this.with(from, 'rename', options, (calls) => sftpRename(calls, to));
  }

  remove(path: string, options: CallOptions & { readonly recursive?: boolean } = {}): Answer<void> {
    if (options.recursive)
      return removeTree(this.connection, { host: this.host, path, operation: 'remove' }, options);
    return this.with(path, 'remove', options, sftpRemove);
  }

  private async with<T>(
    path: string,
    operation: string,
    options: CallOptions,
    work: (calls: SftpCalls) => Answer<T>,
  ): Answer<T> {
    const calls = await SftpCalls.begin(this.sessions, { host: this.host, path, operation }, options);
    if (calls.isErr()) return err(calls.error);
    const done = await work(calls.value);
    if (done.isOk() || !WRITING.has(operation)) return done;
    return err(await whyUnwritten(calls.value.session, done.error));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.sessions.close();
  }
}
