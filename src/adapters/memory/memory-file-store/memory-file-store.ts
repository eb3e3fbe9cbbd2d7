import { err, ok, type Result } from 'neverthrow';
import type {
  DirectoryEntry,
  FileFault,
  FileStat,
  FileStore,
  FileWriter,
} from '../../../ports/file-store.js';
import type { CallOptions } from '../../../ports/remote-shell.js';
import { fileFault } from '../../../streams/file-fault.js';
import { filePathProblem } from '../../../streams/file-paths.js';
import { MemoryFileWriter, nothing } from './memory-file-writer.js';
import { type FileNode, MemoryTree, type Place, type TreeNode, type TreeProblem } from './memory-tree.js';

type Answer<T> = Promise<Result<T, FileFault>>;
type Found<T> = Result<T, TreeProblem>;
type Operation = Exclude<keyof FileStore, symbol | 'host'>;

const DEFAULT_MAX_BYTES = 16 * 1024 * 1024;
const missing: TreeProblem = ['not_found', 'no such file or directory'];

/** Files that exist in memory only; a new store has nothing but `/`. Whoever asks may do everything. */
export class MemoryFileStore implements FileStore {
  readonly host: string;
  readonly #tree: MemoryTree;
  readonly #planted: { readonly operation: Operation; readonly kind: FileFault['kind']; path?: string }[] =
    [];

  /** `now` dates files, ms since the epoch; by default the real time. */
  constructor(options: { readonly host?: string; readonly now?: () => number } = {}) {
    this.host = options.host ?? 'memory';
    this.#tree = new MemoryTree(options.now ?? Date.now);
  }

  /** The next call of this name (on this path, where one is given) fails before it has any effect. */
  failNext(operation: Operation, kind: FileFault['kind'], path?: string): void {
    this.#planted.push({ operation, kind, ...(path === undefined ? {} : { path }) });
  }

  /** Makes a symbolic link, which the port has no call for. Its directory must be there. */
  link(target: string, path: string): void {
    const place = this.#tree.find(path, false);
    if (place.isErr()) throw new Error(`${path}: ${place.error[1]}`);
    this.#tree.put(place.value, { type: 'symlink', target, mode: 0o777, mtimeMs: this.#tree.now() });
  }

  /** Whether a path leads to something. */
  has(path: string): boolean {
    return this.#existing(path, true).isOk();
  }

  readFile(path: string, options: CallOptions & { readonly maxBytes?: number } = {}): Answer<Uint8Array> {
    return this.#call('readFile', path, options, () =>
      this.#existing(path, true).andThen(({ node }) => {
        if (node.type !== 'file') return err<never, TreeProblem>(['is_a_directory', 'it is a directory']);
        const tooLarge = node.content.length > (options.maxBytes ?? DEFAULT_MAX_BYTES);
        return tooLarge
          ? err<never, TreeProblem>(['too_large', 'it is larger than allowed'])
          : ok(Uint8Array.from(node.content));
      }),
    );
  }

  async writeFile(
    path: string,
    data: Uint8Array,
    options: CallOptions & { readonly mode?: number } = {},
  ): Answer<void> {
    return this.#call('writeFile', path, options, () =>
      this.#creatable(path).andThen(() => this.#replace(path, Buffer.from(data), options.mode ?? 0o644)),
    );
  }

  appendFile(path: string, data: Uint8Array, options: CallOptions = {}): Answer<void> {
    return this.#call('appendFile', path, options, () => this.#append(path, data));
  }

  createWriter(path: string, options: CallOptions & { readonly mode?: number } = {}): Answer<FileWriter> {
    return this.#call('createWriter', path, options, () =>
      this.#creatable(path).map(() => {
        const pieces: Buffer[] = [];
        return new MemoryFileWriter({
          write: (data) => {
            pieces.push(Buffer.from(data));
            return nothing();
          },
          commit: () =>
            this.#said(
              'createWriter',
              path,
              this.#creatable(path).andThen(() =>
                this.#replace(path, Buffer.concat(pieces), options.mode ?? 0o644),
              ),
            ),
          ended: () => this.#fault('createWriter', path, ['io', 'the writer has ended']),
        });
      }),
    );
  }

  openAppender(path: string, options: CallOptions = {}): Answer<FileWriter> {
    return this.#call('openAppender', path, options, () =>
      this.#append(path, new Uint8Array()).map(
        () =>
          new MemoryFileWriter({
            write: (data) => this.#said('openAppender', path, this.#append(path, data)),
            commit: nothing,
            ended: () => this.#fault('openAppender', path, ['io', 'the writer has ended']),
          }),
      ),
    );
  }

  truncate(path: string, size: number, options: CallOptions = {}): Answer<void> {
    return this.#call('truncate', path, options, () =>
      this.#plainFile(path).andThen((file) => {
        if (file === undefined) return err(missing);
        file.content = Buffer.concat([file.content, Buffer.alloc(Math.max(0, size - file.content.length))]);
        file.content = file.content.subarray(0, size);
        return ok(undefined);
      }),
    );
  }

  list(path: string, options: CallOptions = {}): Answer<readonly DirectoryEntry[]> {
    return this.#call('list', path, options, () =>
      this.#existing(path, true).andThen(({ node }) => {
        if (node.type !== 'directory')
          return err<never, TreeProblem>(['not_a_directory', 'it is no directory']);
        const entries = [...node.entries].map(([name, { type }]): DirectoryEntry => ({ name, type }));
        return ok(entries.sort((a, b) => (a.name < b.name ? -1 : 1)));
      }),
    );
  }

  stat(path: string, options: CallOptions = {}): Answer<FileStat> {
    return this.#call('stat', path, options, () =>
      this.#existing(path, true).map(({ node }) => statOf(node)),
    );
  }

  lstat(path: string, options: CallOptions = {}): Answer<FileStat> {
    return this.#call('lstat', path, options, () =>
      this.#existing(path, false).map(({ node }) => statOf(node)),
    );
  }

  readlink(path: string, options: CallOptions = {}): Answer<string> {
    return this.#call('readlink', path, options, () =>
      this.#existing(path, false).andThen(({ node }) =>
        node.type === 'symlink'
          ? ok(node.target)
          : err<never, TreeProblem>(['io', 'it is not a symbolic link']),
      ),
    );
  }

  realpath(path: string, options: CallOptions = {}): Answer<string> {
    return this.#call('realpath', path, options, () => this.#existing(path, true).map((place) => place.path));
  }

  makeDirectory(path: string, options: CallOptions & { readonly mode?: number } = {}): Answer<void> {
    return this.#call('makeDirectory', path, options, () => {
      let at = '';
      for (const part of path.split('/').filter((name) => name !== '')) {
        at += `/${part}`;
        const place = this.#tree.find(at, true);
        if (place.isErr()) return err(place.error);
        const { node } = place.value;
        if (node === undefined) this.#tree.put(place.value, this.#tree.newDirectory(options.mode ?? 0o755));
        else if (node.type !== 'directory')
          return err<never, TreeProblem>(['already_exists', 'it is no directory']);
      }
      return ok(undefined);
    });
  }

  rename(from: string, to: string, options: CallOptions = {}): Answer<void> {
    return this.#call('rename', from, options, () =>
      this.#existing(from, false).andThen((source) =>
        this.#tree.find(to, false).andThen((target) => {
          const there = target.node;
          if (there?.type === 'directory' && source.node.type !== 'directory')
            return err<never, TreeProblem>(['is_a_directory', 'the target is a directory']);
          if (there?.type === 'directory' && there.entries.size > 0)
            return err<never, TreeProblem>(['not_empty', 'the target is not empty']);
          this.#tree.take(source);
          this.#tree.put(target, source.node);
          return ok(undefined);
        }),
      ),
    );
  }

  remove(path: string, options: CallOptions & { readonly recursive?: boolean } = {}): Answer<void> {
    return this.#call('remove', path, options, () => {
      const place = this.#existing(path, false);
      if (place.isErr()) return place.error[0] === 'not_found' ? ok(undefined) : err(place.error);
      const { node } = place.value;
      if (node.type === 'directory' && node.entries.size > 0 && options.recursive !== true)
        return err<never, TreeProblem>(['not_empty', 'the directory is not empty']);
      this.#tree.take(place.value);
      return ok(undefined);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Nothing is held.
  }

  #existing(path: string, follow: boolean): Found<Place & { readonly node: TreeNode }> {
    return this.#tree
      .find(path, follow)
      .andThen((place) => (place.node === undefined ? err(missing) : ok({ ...place, node: place.node })));
  }

  /** A new file may take this name. */
  #creatable(path: string): Found<Place> {
    return this.#tree
      .find(path, false)
      .andThen((place) =>
        place.node?.type === 'directory'
          ? err<never, TreeProblem>(['is_a_directory', 'it is a directory'])
          : ok(place),
      );
  }

  #replace(path: string, content: Buffer, mode: number): Found<void> {
    return this.#tree
      .find(path, false)
      .map((place) => this.#tree.put(place, { type: 'file', content, mode, mtimeMs: this.#tree.now() }));
  }

  #plainFile(path: string): Found<FileNode | undefined> {
    return this.#tree.find(path, false).andThen(({ node }) => {
      if (node === undefined || node.type === 'file') return ok(node);
      return err<never, TreeProblem>(['io', 'it is not a file']);
    });
  }

  #append(path: string, data: Uint8Array): Found<void> {
    return this.#plainFile(path).andThen((file) => {
      if (file === undefined) return this.#replace(path, Buffer.from(data), 0o644);
      file.content = Buffer.concat([file.content, data]);
      file.mtimeMs = this.#tree.now();
      return ok(undefined);
    });
  }

  async #call<T>(operation: Operation, path: string, options: CallOptions, act: () => Found<T>): Answer<T> {
    const problem = filePathProblem(path);
    if (problem !== null) return err(this.#fault(operation, path, ['io', problem]));
    if (options.signal?.aborted) return err(this.#fault(operation, path, ['aborted', 'cancelled']));
    const planted = this.#planted.findIndex(
      (one) => one.operation === operation && (one.path === undefined || one.path === path),
    );
    const [fault] = planted === -1 ? [] : this.#planted.splice(planted, 1);
    if (fault !== undefined) return err(this.#fault(operation, path, [fault.kind, `planted: ${fault.kind}`]));
    return this.#said(operation, path, act());
  }

  #said<T>(operation: string, path: string, found: Found<T>): Result<T, FileFault> {
    return found.mapErr((problem) => this.#fault(operation, path, problem));
  }

  #fault(operation: string, path: string, [kind, message]: TreeProblem): FileFault {
    return fileFault(kind, { host: this.host, path, operation }, message);
  }
}

function statOf(node: TreeNode): FileStat {
  const size = node.type === 'file' ? node.content.length : node.type === 'symlink' ? node.target.length : 0;
  return { type: node.type, size, mode: node.mode, uid: 0, gid: 0, mtimeMs: node.mtimeMs };
}
