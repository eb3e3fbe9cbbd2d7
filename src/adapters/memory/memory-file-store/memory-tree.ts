import { err, ok, type Result } from 'neverthrow';
import type { FileFault } from '../../../ports/file-store.js';

interface Meta {
  mode: number;
  mtimeMs: number;
}
export type FileNode = { readonly type: 'file'; content: Buffer } & Meta;
export type DirectoryNode = { readonly type: 'directory'; readonly entries: Map<string, TreeNode> } & Meta;
export type LinkNode = { readonly type: 'symlink'; readonly target: string } & Meta;
export type TreeNode = FileNode | DirectoryNode | LinkNode;

/** A name in a directory that is there; `node` is what has the name, if anything has. */
export interface Place {
  readonly parent: DirectoryNode;
  readonly name: string;
  readonly node: TreeNode | undefined;
  /** Canonical. */
  readonly path: string;
}

/** Linux follows 40 links in one path (path_resolution(7)). */
const MOST_LINKS = 40;

export type TreeProblem = readonly [kind: FileFault['kind'], message: string];

/** Directories, files and links by name, resolved as a kernel does. */
export class MemoryTree {
  readonly root: DirectoryNode;

  constructor(readonly now: () => number) {
    this.root = this.newDirectory(0o755);
  }

  newDirectory(mode: number): DirectoryNode {
    return { type: 'directory', entries: new Map(), mode, mtimeMs: this.now() };
  }

  /** The place that an absolute path names; links before its last component are followed, and the last one too with `follow`. */
  find(path: string, follow: boolean): Result<Place, TreeProblem> {
    let links = 0;
    const todo = path.split('/').filter((part) => part !== '' && part !== '.');
    const above: { directory: DirectoryNode; name: string }[] = [];
    let at: DirectoryNode = this.root;
    for (let name = todo.shift(); name !== undefined; name = todo.shift()) {
      if (name === '..') {
        at = above.pop()?.directory ?? this.root;
        continue;
      }
      const node = at.entries.get(name);
      const last = todo.length === 0;
      if (node?.type === 'symlink' && (!last || follow)) {
        if (++links > MOST_LINKS) return err(['io', 'too many levels of symbolic links']);
        todo.unshift(...node.target.split('/').filter((part) => part !== '' && part !== '.'));
        if (node.target.startsWith('/')) {
          above.length = 0;
          at = this.root;
        }
        continue;
      }
      if (last) {
        const names = [...above.map((one) => one.name), name];
        return ok({ parent: at, name, node, path: `/${names.join('/')}` });
      }
      if (node === undefined) return err(['not_found', 'no such file or directory']);
      if (node.type !== 'directory') return err(['not_a_directory', 'a component is not a directory']);
      above.push({ directory: at, name });
      at = node;
    }
    const here = `/${above.map((one) => one.name).join('/')}`;
    const name = above.at(-1)?.name ?? '';
    return ok({ parent: above.at(-1)?.directory ?? this.root, name, node: at, path: here });
  }

  put(place: Place, node: TreeNode): void {
    place.parent.entries.set(place.name, node);
    place.parent.mtimeMs = this.now();
  }

  take(place: Place): void {
    place.parent.entries.delete(place.name);
    place.parent.mtimeMs = this.now();
  }
}
