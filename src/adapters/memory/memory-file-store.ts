import { basename } from 'node:path/posix';
import { err, ok, type Result } from 'neverthrow';
import type { DirectoryEntry, FileFault, FileStat, FileStore, FileWriter } from '../../ports/file-store.js';
import type { CallOptions } from '../../ports/remote-shell.js';
import { type FileCall, fileFault } from '../../streams/file-fault.js';
import { filePathProblem } from '../../streams/file-paths.js';
import { MemoryFileError, MemoryFiles } from './memory-files.js';
import { MemoryWriter } from './memory-writer.js';

type Answer<T> = Promise<Result<T, FileFault>>;

/** What a planted fault can meet. */
export type MemoryFileOperation =
  | 'read'
  | 'write'
  | 'append'
  | 'truncate'
  | 'list'
  | 'stat'
  | 'lstat'
  | 'readlink'
  | 'realpath'
  | 'make directory'
  | 'set mode'
  | 'rename'
  | 'remove';

interface PlantedFault {
  readonly operation: MemoryFileOperation;
  readonly kind: FileFault['kind'];
  readonly path: string | undefined;
}

const DEFAULT_MAX_BYTES = 16 * 1024 * 1024;

/** Files in memory. Permission bits are kept and not enforced. */
export class MemoryFileStore implements FileStore {
  private readonly files: MemoryFiles;
  private readonly planted: PlantedFault[] = [];
  private lostCalls = 0;

  /** `now` dates files, ms since the epoch. */
  constructor(
    readonly host = 'memory',
    now: () => number = Date.now,
  ) {
    this.files = new MemoryFiles(now);
  }

  /** The next such call (on this path, where one is given) fails before it has any effect. */
  failNext(operation: MemoryFileOperation, kind: FileFault['kind'], path?: string): void {
    this.planted.push({ operation, kind, path });
  }

  /** What is appended to a file beyond so many bytes fails with `no_space`, and what fits before is written, as on a full disk. */
  limit(path: string, bytes = Number.POSITIVE_INFINITY): void {
    this.files.limits.set(path, bytes);
  }

  /** Whether a path leads to something. */
  has(path: string): boolean {
    const call = { host: this.host, path, operation: 'stat' };
    return this.attempt(call, () => this.files.get(path, false)).isOk();
  }

  /** Makes the next `calls` calls fail with `connection_lost`. */
  loseConnection(calls = 1): void {
    this.lostCalls = calls;
  }

  /** Makes a symbolic link, which the port has no call for. */
  link(target: string, path: string): void {
    this.files.put(
      this.files.canonical(path, true),
      this.files.stamped({ type: 'symlink' as const, target }, 0o777),
    );
  }

  /** Gives something to another user, which the port has no call for. All belongs to the user 0 otherwise. */
  give(path: string, uid: number): void {
    this.files.get(path, true).uid = uid;
  }

  readFile(path: string, options: CallOptions & { readonly maxBytes?: number } = {}): Answer<Uint8Array> {
    return this.call('read', path, options, () => {
      const node = this.files.get(path, false);
      if (node.type !== 'file') throw new MemoryFileError('is_a_directory', 'it is a directory');
      if (node.data.length > (options.maxBytes ?? DEFAULT_MAX_BYTES))
        throw new MemoryFileError('too_large', 'too large');
      return new Uint8Array(node.data);
    });
  }

  writeFile(
    path: string,
    data: Uint8Array,
    options: CallOptions & { readonly mode?: number } = {},
  ): Answer<void> {
    return this.call('write', path, options, () =>
      this.files.replace(path, Buffer.from(data), options.mode ?? 0o644),
    );
  }

  appendFile(path: string, data: Uint8Array, options: CallOptions = {}): Answer<void> {
    return this.call('append', path, options, () => void this.files.append(path, data));
  }

  createWriter(path: string, options: CallOptions & { readonly mode?: number } = {}): Answer<FileWriter> {
    return this.call('write', path, options, (call) => {
      const pieces: Uint8Array[] = [];
      this.files.canonical(path, true);
      const commit = () =>
        this.attempt(call, () => this.files.replace(path, Buffer.concat(pieces), options.mode ?? 0o644));
      const keep = (data: Uint8Array) => {
        pieces.push(new Uint8Array(data));
        return ok(undefined);
      };
      return new MemoryWriter(call, keep, commit);
    });
  }

  openAppender(path: string, options: CallOptions = {}): Answer<FileWriter> {
    return this.call('append', path, options, (call) => {
      const file = this.files.append(path, new Uint8Array());
      return new MemoryWriter(
        call,
        (data) => this.attempt(call, () => this.files.appendTo(file, path, data)),
        () => ok(undefined),
      );
    });
  }

  truncate(path: string, size: number, options: CallOptions = {}): Answer<void> {
    return this.call('truncate', path, options, () => {
      const node = this.files.get(path, true);
      if (node.type !== 'file') throw new MemoryFileError('io', 'it is not a file');
      const data = Buffer.alloc(size);
      node.data.copy(data);
      node.data = data;
    });
  }

  list(path: string, options: CallOptions = {}): Answer<readonly DirectoryEntry[]> {
    return this.call('list', path, options, () => {
      const node = this.files.get(path, false);
      if (node.type !== 'directory') throw new MemoryFileError('not_a_directory', 'it is not a directory');
      return this.files
        .children(this.files.canonical(path, false))
        .map((child) => ({ name: basename(child), type: this.files.get(child, true).type }))
        .sort((a, b) => (a.name < b.name ? -1 : 1));
    });
  }

  stat(path: string, options: CallOptions = {}): Answer<FileStat> {
    return this.call('stat', path, options, () => this.files.stat(this.files.get(path, false)));
  }

  lstat(path: string, options: CallOptions = {}): Answer<FileStat> {
    return this.call('lstat', path, options, () => this.files.stat(this.files.get(path, true)));
  }

  readlink(path: string, options: CallOptions = {}): Answer<string> {
    return this.call('readlink', path, options, () => {
      const node = this.files.get(path, true);
      if (node.type !== 'symlink') throw new MemoryFileError('io', 'it is not a link');
      return node.target;
    });
  }

  realpath(path: string, options: CallOptions = {}): Answer<string> {
    return this.call('realpath', path, options, () => {
      this.files.get(path, false);
      return this.files.canonical(path, false);
    });
  }

  makeDirectory(path: string, options: CallOptions & { readonly mode?: number } = {}): Answer<void> {
    return this.call('make directory', path, options, () =>
      this.files.makeDirectory(path, options.mode ?? 0o755),
    );
  }

  setMode(path: string, mode: number, options: CallOptions = {}): Answer<void> {
    return this.call('set mode', path, options, () => this.files.setMode(path, mode));
  }

  rename(from: string, to: string, options: CallOptions = {}): Answer<void> {
    return this.call('rename', from, options, () => this.files.rename(from, to));
  }

  async remove(path: string, options: CallOptions & { readonly recursive?: boolean } = {}): Answer<void> {
    const removed = await this.call('remove', path, options, () =>
      this.files.remove(path, options.recursive === true),
    );
    return removed.isErr() && removed.error.kind === 'not_found' ? ok(undefined) : removed;
  }

  private async call<T>(
    operation: MemoryFileOperation,
    path: string,
    options: CallOptions,
    work: (call: FileCall) => T,
  ): Answer<T> {
    const call = { host: this.host, path, operation };
    const problem = filePathProblem(path);
    if (problem !== null) return err(fileFault('io', call, problem));
    if (options.signal?.aborted) return err(fileFault('aborted', call, 'cancelled by the caller'));
    if (this.lostCalls > 0) {
      this.lostCalls -= 1;
      return err(fileFault('connection_lost', call, 'the connection was lost, as the test said'));
    }
    const planted = this.planted.findIndex(
      (one) => one.operation === operation && (one.path ?? path) === path,
    );
    const [fault] = planted === -1 ? [] : this.planted.splice(planted, 1);
    if (fault !== undefined) return err(fileFault(fault.kind, call, `planted: ${fault.kind}`));
    return this.attempt(call, () => work(call));
  }

  private attempt<T>(call: FileCall, work: () => T): Result<T, FileFault> {
    try {
      return ok(work());
    } catch (error) {
      if (error instanceof MemoryFileError) return err(fileFault(error.kind, call, error.message));
      throw error;
    }
  }

  /** Does nothing: the files stay for whoever looks at them next. */
  async [Symbol.asyncDispose](): Promise<void> {
    // Nothing is held.
  }
}
