import { ok, type Result } from 'neverthrow';
import type { IncusFault } from '../../../ports/incus-fault.js';
import type { IncusFileContent, IncusFileInfo, IncusFileWrite } from '../../../ports/incus-types.js';
import { refuse } from './memory-fault.js';

interface Node extends IncusFileInfo {
  content: Uint8Array;
}

/** A node as it is written in an image. */
export interface MemoryFile extends IncusFileInfo {
  readonly path: string;
  /** Base64. */
  readonly content: string;
}

const tried = 'files';

/** The file tree of one instance, by absolute path. Starts with `/`, `/root`, `/tmp` and `/etc`. */
export class MemoryFiles {
  readonly #nodes = new Map<string, Node>();

  constructor() {
    for (const path of ['/', '/root', '/tmp', '/etc']) this.#nodes.set(path, directory(0o755, 0, 0));
  }

  /** The same tree, whose changes are its own. */
  clone(): MemoryFiles {
    const copy = new MemoryFiles();
    copy.#nodes.clear();
    for (const [path, node] of this.#nodes) copy.#nodes.set(path, { ...node });
    return copy;
  }

  /** What another tree may be made of: see `of`. */
  toJSON(): unknown {
    return [...this.#nodes].map(([path, { content, ...node }]) => ({
      path,
      ...node,
      content: Buffer.from(content).toString('base64'),
    }));
  }

  static of(json: readonly MemoryFile[]): MemoryFiles {
    const made = new MemoryFiles();
    made.#nodes.clear();
    for (const { path, content, ...node } of json)
      made.#nodes.set(path, { ...node, content: Buffer.from(content, 'base64') });
    return made;
  }

  /** Absolute paths, sorted. */
  get paths(): readonly string[] {
    return [...this.#nodes.keys()].sort();
  }

  info(path: string): Result<IncusFileInfo, IncusFault> {
    const node = this.#nodes.get(normal(path));
    if (!node) return refuse('not_found', tried, `${path}: file does not exist`);
    const { type, uid, gid, mode } = node;
    return ok({ type, uid, gid, mode });
  }

  read(path: string, maxBytes = 16 * 1024 * 1024): Result<IncusFileContent, IncusFault> {
    const at = normal(path);
    return this.info(at).andThen((info) => {
      const content =
        info.type === 'directory' ? this.#names(at) : (this.#nodes.get(at)?.content ?? new Uint8Array());
      return content.length > maxBytes
        ? refuse('invalid_request', tried, `${path}: more than ${maxBytes} bytes`)
        : ok({ ...info, content });
    });
  }

  /** Owner and mode apply when the file is new, as in Incus. */
  write(file: IncusFileWrite): Result<void, IncusFault> {
    const at = normal(file.path);
    const known = this.#nodes.get(at);
    if (known?.type === 'directory') return refuse('invalid_request', tried, `${at}: is a directory`);
    return this.#parent(at).andThen(() => {
      const before = file.write === 'append' && known ? known.content : new Uint8Array();
      const content = Buffer.concat([before, file.content]);
      if (known) known.content = content;
      else this.#nodes.set(at, { type: 'file', content, ...owner(file), mode: file.mode ?? 0o644 });
      return ok(undefined);
    });
  }

  makeDirectory(made: {
    readonly path: string;
    readonly uid?: number;
    readonly gid?: number;
    readonly mode?: number;
  }): Result<void, IncusFault> {
    const at = normal(made.path);
    const known = this.#nodes.get(at);
    if (known?.type === 'directory') return ok(undefined);
    if (known) return refuse('invalid_request', tried, `${at}: is a file`);
    return this.#parent(at).andThen(() => {
      const { uid, gid } = owner(made);
      this.#nodes.set(at, directory(made.mode ?? 0o755, uid, gid));
      return ok(undefined);
    });
  }

  delete(path: string): Result<void, IncusFault> {
    const at = normal(path);
    return this.info(at).andThen(({ type }) => {
      if (type === 'directory' && this.#children(at).length > 0) {
        return refuse('invalid_request', tried, `${at}: directory not empty`);
      }
      this.#nodes.delete(at);
      return ok(undefined);
    });
  }

  #parent(path: string): Result<void, IncusFault> {
    const parent = path.slice(0, path.lastIndexOf('/')) || '/';
    return this.#nodes.get(parent)?.type === 'directory'
      ? ok(undefined)
      : refuse('not_found', tried, `${parent}: file does not exist`);
  }

  #children(path: string): readonly string[] {
    const prefix = path === '/' ? '/' : `${path}/`;
    const below = [...this.#nodes.keys()].filter((key) => key !== '/' && key.startsWith(prefix));
    return below.map((key) => key.slice(prefix.length)).filter((name) => !name.includes('/'));
  }

  #names(path: string): Uint8Array {
    return Buffer.from(JSON.stringify([...this.#children(path)].sort()), 'utf8');
  }
}

function directory(mode: number, uid: number, gid: number): Node {
  return { type: 'directory', uid, gid, mode, content: new Uint8Array() };
}

function owner(file: { readonly uid?: number; readonly gid?: number }): { uid: number; gid: number } {
  return { uid: file.uid ?? 0, gid: file.gid ?? 0 };
}

function normal(path: string): string {
  return `/${path
    .split('/')
    .filter((part) => part !== '')
    .join('/')}`;
}
