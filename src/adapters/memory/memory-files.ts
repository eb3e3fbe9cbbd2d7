import { dirname, join, resolve } from 'node:path/posix';
import type { FileFault, FileStat } from '../../ports/file-store.js';
import { nameBytes } from '../../streams/name-bytes.js';

export type MemoryNode = { mode: number; mtimeMs: number; uid: number; gid: number } & (
  | { readonly type: 'file'; data: Buffer }
  | { readonly type: 'directory' }
  | { readonly type: 'symlink'; readonly target: string }
);

type MemoryFile = Extract<MemoryNode, { readonly type: 'file' }>;

const MAX_LINKS = 40;
const NAME_MAX = 255;
const PATH_MAX = 4096;

/** A refusal by the in-memory file tree. */
export class MemoryFileError extends Error {
  constructor(
    readonly kind: FileFault['kind'],
    message: string,
  ) {
    super(message);
  }
}

/** A tree of files by canonical path, with the rules of path_resolution(7). */
export class MemoryFiles {
  readonly #nodes = new Map<string, MemoryNode>();
  /** What is in each directory, by its canonical path. */
  readonly #names = new Map<string, Set<string>>();
  /** Bytes that a file may have, by its path. */
  readonly limits = new Map<string, number>();

  /** `now` dates files, ms since the epoch. */
  constructor(private readonly now: () => number) {
    this.#nodes.set('/', this.stamped({ type: 'directory' }, 0o755));
  }

  stamped<T extends { readonly type: string }>(node: T, mode: number) {
    return { ...node, mode, mtimeMs: this.now(), uid: 0, gid: 0 };
  }

  /** The canonical path; its last component may be missing or, with `keepLast`, a link. */
  canonical(path: string, keepLast: boolean): string {
    if (nameBytes(path).length >= PATH_MAX)
      throw new MemoryFileError('name_too_long', 'the path is too long');
    let rest = path.split('/').filter(Boolean);
    let at = '/';
    for (let links = 0; rest.length > 0; ) {
      const [name, ...after] = rest;
      if (this.#nodes.get(at)?.type !== 'directory')
        throw new MemoryFileError('not_a_directory', `${at} is not a directory`);
      rest = after;
      if (name === undefined || name === '.') continue;
      if (name === '..') {
        at = dirname(at);
        continue;
      }
      if (nameBytes(name).length > NAME_MAX)
        throw new MemoryFileError('name_too_long', 'the name is too long');
      const next = join(at, name);
      const node = this.#nodes.get(next);
      if (node === undefined && rest.length > 0)
        throw new MemoryFileError('not_found', `${next} is not there`);
      if (node?.type === 'symlink' && !(keepLast && rest.length === 0)) {
        links += 1;
        if (links > MAX_LINKS) throw new MemoryFileError('io', 'too many levels of symbolic links');
        rest = [...node.target.split('/').filter(Boolean), ...rest];
        if (node.target.startsWith('/')) at = '/';
      } else {
        at = next;
      }
    }
    return at;
  }

  get(path: string, keepLast: boolean): MemoryNode {
    const node = this.#nodes.get(this.canonical(path, keepLast));
    if (node === undefined) throw new MemoryFileError('not_found', `${path} is not there`);
    return node;
  }

  /** The paths under a canonical one, itself not counted. */
  below(canonical: string): string[] {
    return this.children(canonical).flatMap((path) => [path, ...this.below(path)]);
  }

  children(canonical: string): string[] {
    return [...(this.#names.get(canonical) ?? [])];
  }

  makeDirectory(path: string, mode: number): void {
    const parts = resolve(path).split('/').filter(Boolean);
    let at = '/';
    for (const part of parts) {
      at = this.canonical(join(at, part), false);
      const node = this.#nodes.get(at);
      if (node === undefined) {
        this.put(at, this.stamped({ type: 'directory' as const }, mode));
        this.changed(dirname(at));
      } else if (node.type !== 'directory')
        throw new MemoryFileError('already_exists', `${at} is not a directory`);
    }
  }

  stat(node: MemoryNode): FileStat {
    const size = node.type === 'file' ? node.data.length : node.type === 'symlink' ? node.target.length : 0;
    const { type, mode, mtimeMs, uid, gid } = node;
    return { type, size, mode, mtimeMs, uid, gid };
  }

  /** A file with this content, whatever file was there. */
  replace(path: string, data: Buffer, mode: number): void {
    const at = this.canonical(path, true);
    if (this.#nodes.get(dirname(at)) === undefined)
      throw new MemoryFileError('not_found', 'no such directory');
    if (this.#nodes.get(at)?.type === 'directory')
      throw new MemoryFileError('is_a_directory', 'it is a directory');
    this.put(at, this.stamped({ type: 'file' as const, data }, mode));
    // As one that is renamed over what was there.
    this.changed(dirname(at));
  }

  append(path: string, data: Uint8Array): MemoryFile {
    if (!this.#nodes.has(this.canonical(path, true))) this.replace(path, Buffer.alloc(0), 0o644);
    const file = this.get(path, true);
    if (file.type !== 'file') throw new MemoryFileError('io', 'it is not a file');
    this.appendTo(file, path, data);
    return file;
  }

  /** Adds to this very file, whatever has its name by now. */
  appendTo(file: MemoryFile, path: string, data: Uint8Array): void {
    const room = Math.max(0, (this.limits.get(path) ?? Number.POSITIVE_INFINITY) - file.data.length);
    const fits = data.subarray(0, room);
    file.data = Buffer.concat([file.data, fits]);
    if (fits.length < data.length) throw new MemoryFileError('no_space', 'no space left on device');
  }

  setMode(path: string, mode: number): void {
    const node = this.get(path, true);
    if (node.type === 'symlink') throw new MemoryFileError('io', 'it is a link');
    node.mode = mode;
  }

  remove(path: string, recursive: boolean): void {
    const node = this.get(path, true);
    const at = this.canonical(path, true);
    if (node.type === 'directory' && !recursive && this.children(at).length > 0)
      throw new MemoryFileError('not_empty', 'it has something in it; say recursive');
    for (const one of [at, ...this.below(at)]) this.#drop(one);
    this.changed(dirname(at));
  }

  rename(from: string, to: string): void {
    const source = this.canonical(from, true);
    const moved = this.get(from, true);
    const target = this.canonical(to, true);
    const there = this.#nodes.get(target);
    if (there?.type === 'directory') {
      if (moved.type !== 'directory') throw new MemoryFileError('is_a_directory', `${to} is a directory`);
      if (this.children(target).length > 0) throw new MemoryFileError('not_empty', `${to} is not empty`);
    } else if (there !== undefined && moved.type === 'directory') {
      throw new MemoryFileError('not_a_directory', `${to} is not a directory`);
    }
    for (const path of [source, ...this.below(source)]) {
      const node = this.#nodes.get(path);
      this.#drop(path);
      if (node !== undefined) this.put(join(target, path.slice(source.length)), node);
    }
    for (const path of [source, target]) this.changed(dirname(path));
  }

  /** At a canonical path. */
  put(path: string, node: MemoryNode): void {
    this.#nodes.set(path, node);
    if (path === '/') return;
    const directory = dirname(path);
    const names = this.#names.get(directory) ?? new Set();
    this.#names.set(directory, names.add(path));
  }

  #drop(path: string): void {
    this.#nodes.delete(path);
    const directory = dirname(path);
    const names = this.#names.get(directory);
    names?.delete(path);
    if (names?.size === 0) this.#names.delete(directory);
  }

  /** A name was added to a directory, or taken out of it. */
  private changed(directory: string): void {
    const node = this.#nodes.get(directory);
    if (node !== undefined) node.mtimeMs = this.now();
  }
}
