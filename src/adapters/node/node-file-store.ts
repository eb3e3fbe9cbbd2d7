import { constants, type Stats } from 'node:fs';
import { lstat, open, readdir, readlink, realpath, rename, rm, rmdir, stat, unlink } from 'node:fs/promises';
import { err, ok, type Result } from 'neverthrow';
import type { DirectoryEntry, FileFault, FileStat, FileStore, FileWriter } from '../../ports/file-store.js';
import type { CallOptions } from '../../ports/remote-shell.js';
import { type FileCall, fileTypeOf } from '../../streams/file-fault.js';
import { KeyedQueue } from '../../streams/keyed-queue.js';
import { nameText, nativePath } from '../../streams/name-bytes.js';
import { makeDirectories } from './make-directories.js';
import { attempt, KindError } from './node-faults.js';
import { NodeWriter } from './node-writer.js';
import { readWithin } from './read-within.js';

type Answer<T> = Promise<Result<T, FileFault>>;

const DEFAULT_MAX_BYTES = 16 * 1024 * 1024;
const DEFAULT_MODE = 0o644;
const DIRECTORY_MODE = 0o777;

/** Files of this machine. */
export class NodeFileStore implements FileStore {
  readonly host = 'local';
  private readonly appends = new KeyedQueue();

  readFile(path: string, options: CallOptions & { readonly maxBytes?: number } = {}): Answer<Uint8Array> {
    return this.attempt('read', path, options, () => readWithin(path, options.maxBytes ?? DEFAULT_MAX_BYTES));
  }

  async writeFile(
    path: string,
    data: Uint8Array,
    options: CallOptions & { readonly mode?: number } = {},
  ): Answer<void> {
    const writer = await this.createWriter(path, options);
    if (writer.isErr()) return err(writer.error);
    await using open = writer.value;
    const written = await open.write(data);
    return written.isErr() ? written : await open.commit();
  }

  appendFile(path: string, data: Uint8Array, options: CallOptions = {}): Answer<void> {
    return this.appends.run(path, async () => {
      const writer = await this.openAppender(path, options);
      if (writer.isErr()) return err(writer.error);
      await using open = writer.value;
      const written = await open.write(data);
      return written.isErr() ? written : await open.commit();
    });
  }

  createWriter(path: string, options: CallOptions & { readonly mode?: number } = {}): Answer<FileWriter> {
    return this.attempt('write', path, options, (call) =>
      NodeWriter.create(call, options.mode ?? DEFAULT_MODE),
    );
  }

  openAppender(path: string, options: CallOptions = {}): Answer<FileWriter> {
    return this.attempt('append', path, options, (call) => NodeWriter.append(call));
  }

  truncate(path: string, size: number, options: CallOptions = {}): Answer<void> {
    return this.attempt('truncate', path, options, async () => {
      await using handle = await open(
        nativePath(path),
        constants.O_WRONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
      );
      if (!(await handle.stat()).isFile()) throw new KindError('io', 'it is not a file');
      await handle.truncate(size);
    });
  }

  list(path: string, options: CallOptions = {}): Answer<readonly DirectoryEntry[]> {
    return this.attempt('list', path, options, async () => {
      const entries = await readdir(nativePath(path), { withFileTypes: true, encoding: 'buffer' });
      return entries
        .map((entry): DirectoryEntry => {
          const name = nameText(entry.name);
          if (entry.isFile()) return { name, type: 'file' };
          if (entry.isDirectory()) return { name, type: 'directory' };
          return { name, type: entry.isSymbolicLink() ? 'symlink' : 'other' };
        })
        .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
    });
  }

  stat(path: string, options: CallOptions = {}): Answer<FileStat> {
    return this.attempt('stat', path, options, async () => statOf(await stat(nativePath(path))));
  }

  lstat(path: string, options: CallOptions = {}): Answer<FileStat> {
    return this.attempt('lstat', path, options, async () => statOf(await lstat(nativePath(path))));
  }

  readlink(path: string, options: CallOptions = {}): Answer<string> {
    return this.attempt('readlink', path, options, async () =>
      nameText(await readlink(nativePath(path), { encoding: 'buffer' })),
    );
  }

  realpath(path: string, options: CallOptions = {}): Answer<string> {
    return this.attempt('realpath', path, options, async () =>
      nameText(await realpath(nativePath(path), { encoding: 'buffer' })),
    );
  }

  makeDirectory(path: string, options: CallOptions & { readonly mode?: number } = {}): Answer<void> {
    return this.attempt('make directory', path, options, () =>
      makeDirectories(path, options.mode ?? DIRECTORY_MODE),
    );
  }

  setMode(path: string, mode: number, options: CallOptions = {}): Answer<void> {
    return this.attempt('set mode', path, options, async () => {
      await using handle = await open(
        nativePath(path),
        constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
      );
      await handle.chmod(mode);
    });
  }

  rename(from: string, to: string, options: CallOptions = {}): Answer<void> {
    return this.attempt('rename', from, options, () => rename(nativePath(from), nativePath(to)));
  }

  async remove(path: string, options: CallOptions & { readonly recursive?: boolean } = {}): Answer<void> {
    const removed = await this.attempt('remove', path, options, async () => {
      const native = nativePath(path);
      if (options.recursive) await rm(native, { recursive: true, force: true });
      else if ((await lstat(native)).isDirectory()) await rmdir(native);
      else await unlink(native);
    });
    return removed.isErr() && removed.error.kind === 'not_found' ? ok(undefined) : removed;
  }

  private attempt<T>(
    operation: string,
    path: string,
    options: CallOptions,
    work: (call: FileCall) => Promise<T>,
  ): Answer<T> {
    const call = { host: this.host, path, operation };
    return attempt(call, options, () => work(call));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Every handle belongs to a call or to a writer.
  }
}

function statOf(stats: Stats): FileStat {
  return {
    type: fileTypeOf(stats.mode),
    size: stats.size,
    mode: stats.mode & 0o7777,
    uid: stats.uid,
    gid: stats.gid,
    mtimeMs: stats.mtimeMs,
  };
}
