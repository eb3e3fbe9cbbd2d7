import { createHash } from 'node:crypto';
import { err, ok, type Result } from 'neverthrow';
import { PatternList } from '../../domain/patterns/pattern-list.js';
import type { EntryContent } from '../../ports/entry-content.js';
import type { FileStore } from '../../ports/file-store.js';
import type {
  ScanFault,
  ScanOptions,
  WorkspaceRevision,
  WorkspaceScanner,
  WorkspaceSnapshot,
} from '../../ports/workspace-scanner.js';
import { nameBytes } from '../../streams/name-bytes.js';

/** A file with its content and its time (nanoseconds since 1970; 0 when left out), or a symbolic link. */
export type MemoryWorkspaceEntry =
  | { readonly content: string; readonly executable?: boolean; readonly mtimeNs?: string }
  | { readonly linkTo: string };

/** A workspace: its entries by their relative POSIX paths, and what git says of it. */
export interface MemoryWorkspace {
  readonly entries: Readonly<Record<string, MemoryWorkspaceEntry>>;
  /** Null, as where there is no git, when it is left out. */
  readonly git?: WorkspaceRevision;
  /** What has changed since a revision, by its name. */
  readonly changes?: Readonly<Record<string, readonly string[]>>;
}

/** Workspaces that exist in a script only; hashes are those that the real scanner gives to the same entries. */
export class MemoryWorkspaceScanner implements WorkspaceScanner {
  readonly #workspaces = new Map<string, MemoryWorkspace>();
  readonly #faults = new Map<string, ScanFault>();
  readonly #files: FileStore | undefined;

  /** Where directories are read that nobody has set, when they are scanned by a list of paths. */
  constructor(files?: FileStore) {
    this.#files = files;
  }

  /** Directories are absolute; a later call replaces the earlier one, and a fault that was set. */
  setWorkspace(directory: string, workspace: MemoryWorkspace): void {
    this.#faults.delete(directory);
    this.#workspaces.set(directory, workspace);
  }

  /** Scans of the directory fail with it from now on. */
  setFault(directory: string, fault: ScanFault): void {
    this.#faults.set(directory, fault);
  }

  async scan(directory: string, options: ScanOptions = {}): Promise<Result<WorkspaceSnapshot, ScanFault>> {
    if (options.only !== undefined) return this.#scanOnly(directory, options.only, options);
    const list = new PatternList(options.exclude ?? []);
    return this.#find(directory, options).map(({ entries, git }) => {
      const kept = Object.entries(entries).filter(([path]) => !list.matches(path));
      const { head = null, branch = null } = git ?? {};
      const known = head === null ? {} : { commit: { hash: head, branch } };
      return { root: directory, ...hashed(Object.fromEntries(kept)), ...known };
    });
  }

  async revision(
    directory: string,
    options: ScanOptions = {},
  ): Promise<Result<WorkspaceRevision | null, ScanFault>> {
    return this.#find(directory, options).map(({ git }) => git ?? null);
  }

  async changedSince(
    directory: string,
    revision: string,
    options: ScanOptions = {},
  ): Promise<Result<readonly string[], ScanFault>> {
    return this.#find(directory, options).andThen(({ changes = {} }) => {
      const changed = Object.hasOwn(changes, revision) ? changes[revision] : undefined;
      const list = new PatternList(options.exclude ?? []);
      if (changed !== undefined) return ok(changed.filter((path) => !list.matches(path)));
      const message = `${directory}: there is no commit ${JSON.stringify(revision)} in this repository; fetch it first, or name another`;
      return err({ kind: 'git_failed' as const, path: directory, message });
    });
  }

  async #scanOnly(
    directory: string,
    only: readonly string[],
    options: ScanOptions,
  ): Promise<Result<WorkspaceSnapshot, ScanFault>> {
    const known = this.#workspaces.has(directory) || this.#faults.has(directory);
    const found = known ? this.#find(directory, options) : ok({ entries: await this.#read(directory, only) });
    return found.map(({ entries }) => {
      const kept = Object.entries(entries).filter(([path]) => only.includes(path));
      return { root: directory, ...hashed(Object.fromEntries(kept)) };
    });
  }

  async #read(directory: string, paths: readonly string[]): Promise<MemoryWorkspace['entries']> {
    const entries: Record<string, MemoryWorkspaceEntry> = {};
    for (const path of paths) {
      const read = await this.#files?.readFile(`${directory}/${path}`);
      if (read?.isOk() === true) entries[path] = { content: Buffer.from(read.value).toString() };
    }
    return entries;
  }

  #find(directory: string, { signal }: ScanOptions): Result<MemoryWorkspace, ScanFault> {
    if (signal?.aborted) return err({ kind: 'aborted', path: directory, message: 'the scan was cancelled' });
    const fault = this.#faults.get(directory);
    if (fault !== undefined) return err(fault);
    const workspace = this.#workspaces.get(directory);
    if (workspace !== undefined) return ok(workspace);
    return err({ kind: 'not_found', path: directory, message: `there is no directory ${directory}` });
  }
}

function hashed(
  tree: MemoryWorkspace['entries'],
): Pick<WorkspaceSnapshot, 'contentHash' | 'entries' | 'contents' | 'totalBytes'> {
  const entries = Object.keys(tree).sort((a, b) => Buffer.compare(nameBytes(a), nameBytes(b)));
  const hash = createHash('sha256').update('pikaci-workspace-2\0');
  const contents: EntryContent[] = [];
  let totalBytes = 0;
  for (const path of entries) {
    const entry = tree[path];
    if (entry === undefined) continue;
    const isLink = 'linkTo' in entry;
    const data = Buffer.from(isLink ? entry.linkTo : entry.content);
    const content: EntryContent = {
      kind: isLink ? 'l' : entry.executable === true ? 'x' : 'f',
      bytes: data.length,
      mtimeNs: isLink ? '0' : (entry.mtimeNs ?? '0'),
      sha256: createHash('sha256').update(data).digest('hex'),
    };
    contents.push(content);
    if (!isLink) totalBytes += data.length;
    const { kind, bytes, mtimeNs, sha256 } = content;
    const name = nameBytes(path);
    hash.update(`${kind} ${name.length} ${bytes} ${mtimeNs} ${sha256}\0`).update(name);
  }
  return { contentHash: hash.digest('hex'), entries, contents, totalBytes };
}
