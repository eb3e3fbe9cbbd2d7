import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import type {
  ScanFault,
  ScanOptions,
  WorkspaceRevision,
  WorkspaceScanner,
  WorkspaceSnapshot,
} from '../../ports/workspace-scanner.js';
import { filterInTurns } from '../../streams/filter-in-turns.js';
import { gitChanges } from './git-changes.js';
import { GitCopies } from './git-copy.js';
import { type GitListingInput, gitListing } from './git-listing.js';
import { gitHead } from './git-state.js';
import { type LeftOut, leftOut } from './left-out.js';
import { hashTree } from './tree-hash.js';
import { TreeHashThread } from './tree-hash-thread.js';
import type { TreeHashAnswer, TreeHashRequest } from './tree-hash-types.js';
import { walkInTurns } from './walk-in-turns.js';
import { withGitDirectory } from './with-git-directory.js';

export interface GitWorkspaceScannerOptions {
  /**
   * Left out of every scan, tracked or not; default `['.pikaci']`. Without a slash: that name at any depth; with one: that
   * place (`/state` is `state` at the top). `.git` is always left out.
   */
  readonly exclude?: readonly string[];
  /** Absolute directories that are left out of the workspaces in which they really lie, however they are spelt; they need not be there yet. */
  readonly excludeDirectories?: readonly string[];
  /** Private folder for copies of history; in the user's cache, or where temporary files are, when left out. */
  readonly scratch?: string;
  /** Milliseconds for each run of git; default one minute. */
  readonly gitTimeoutMs?: number;
  /** Milliseconds for reading and hashing the tree; default ten minutes. */
  readonly readTimeoutMs?: number;
}

/** Up to here the tree is read on the spot, which takes less time than waking the thread. */
const INLINE = { entries: 256, bytes: 2 * 1024 * 1024 };

/**
 * In a git work tree, or a folder of one: the files that are tracked or neither tracked nor ignored, without the deleted
 * ones; repositories and checked-out submodules within it are listed by their own rules. Elsewhere, and in a folder that the
 * repository around it ignores as a whole: every file. Links are taken as links. The content hash is described at
 * `hashTree`. Directories that belong to another user's repository are refused with `git_failed`, as git refuses them.
 */
export class GitWorkspaceScanner implements WorkspaceScanner, AsyncDisposable {
  readonly #exclude: readonly string[];
  readonly #excludeDirectories: readonly string[];
  readonly #gitTimeoutMs: number;
  readonly #readTimeoutMs: number;
  readonly #thread = new TreeHashThread();
  readonly #copies: GitCopies;

  constructor(options: GitWorkspaceScannerOptions = {}) {
    this.#exclude = options.exclude ?? ['.pikaci'];
    this.#excludeDirectories = options.excludeDirectories ?? [];
    this.#gitTimeoutMs = options.gitTimeoutMs ?? 60_000;
    this.#readTimeoutMs = options.readTimeoutMs ?? 600_000;
    this.#copies = new GitCopies(options.scratch);
  }

  async scan(
    directory: string,
    { signal, exclude: patterns = [], git = 'none', onlyReachable = false, only }: ScanOptions = {},
  ): Promise<Result<WorkspaceSnapshot, ScanFault>> {
    const found = await canonicalDirectory(directory);
    if (found.isErr()) return err(found.error);
    const root = found.value;
    if (only !== undefined) {
      const answer = await this.#hash({ root, paths: only, exclude: null }, signal);
      if (answer.kind === 'fault') return err(answer.fault);
      const { kind: _, ...snapshot } = answer;
      return ok({ root, ...snapshot });
    }
    const exclude = await this.#excluded(root);
    const rules = leftOut(exclude, patterns);
    const [listing, head] = await Promise.all([
      this.#list(root, { leftOut: rules, withRevision: false, signal }),
      gitHead({ directory: root, signal, timeoutMs: this.#gitTimeoutMs }),
    ]);
    if (listing.isErr()) return err(listing.error);
    if (head.isErr()) return err(head.error);
    const commit = listing.value === null ? null : head.value;
    let paths = listing.value?.paths ?? null;
    if (patterns.length > 0) {
      const walked = paths === null ? await walkInTurns(root, rules, signal) : ok(paths);
      if (walked.isErr()) return err(walked.error);
      paths = await filterInTurns(walked.value, (path) => !rules.isOut(path));
    }
    const answer = await this.#hash({ root, paths, exclude }, signal);
    if (answer.kind === 'fault') return err(answer.fault);
    const { contentHash, entries, contents, totalBytes } = answer;
    const known = commit === null ? {} : { commit };
    const snapshot = { root, contentHash, entries, contents, totalBytes, ...known };
    if (git === 'none') return ok(snapshot);
    const copied = await this.#copies.copy({
      directory: root,
      history: git,
      onlyReachable,
      leftOut: rules,
      signal,
      timeoutMs: this.#gitTimeoutMs,
      packTimeoutMs: this.#readTimeoutMs,
    });
    if (copied.isErr()) return err(copied.error);
    const history = await this.#hash({ root: copied.value, paths: null, exclude: [] }, signal);
    if (history.kind === 'fault') return err(history.fault);
    return ok(withGitDirectory(snapshot, copied.value, history));
  }

  async revision(
    directory: string,
    { signal, exclude = [] }: ScanOptions = {},
  ): Promise<Result<WorkspaceRevision | null, ScanFault>> {
    const found = await canonicalDirectory(directory);
    if (found.isErr()) return err(found.error);
    const rules = leftOut(await this.#excluded(found.value), exclude);
    const listing = await this.#list(found.value, { leftOut: rules, withRevision: true, signal });
    return listing.map((listed) => listed?.revision ?? null);
  }

  async changedSince(
    directory: string,
    revision: string,
    { signal, exclude = [] }: ScanOptions = {},
  ): Promise<Result<readonly string[], ScanFault>> {
    const found = await canonicalDirectory(directory);
    if (found.isErr()) return err(found.error);
    return gitChanges({
      directory: found.value,
      revision,
      leftOut: leftOut(await this.#excluded(found.value), exclude),
      signal,
      timeoutMs: this.#gitTimeoutMs,
    });
  }

  #list(
    directory: string,
    call: Pick<GitListingInput, 'withRevision' | 'signal'> & { readonly leftOut: LeftOut },
  ) {
    return gitListing({ ...call, directory, timeoutMs: this.#gitTimeoutMs });
  }

  async #excluded(root: string): Promise<readonly string[]> {
    const real = await Promise.all(this.#excludeDirectories.map(realPath));
    const below = real.filter((directory) => directory.startsWith(`${root}/`));
    return [...this.#exclude, ...below.map((directory) => directory.slice(root.length))];
  }

  /** Ends the thread, and removes the copies of history; a scan under way fails. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#thread[Symbol.asyncDispose]();
    await this.#copies[Symbol.asyncDispose]();
  }

  async #hash(
    request: TreeHashRequest,
    signal: AbortSignal | undefined,
  ): Promise<Exclude<TreeHashAnswer, { kind: 'over_budget' }>> {
    if ((request.paths?.length ?? 0) <= INLINE.entries) {
      const answer = hashTree(request, { cancelled: () => signal?.aborted ?? false, budget: INLINE });
      if (answer.kind !== 'over_budget') return answer;
    }
    const answer = await this.#thread.hash(request, { signal, timeoutMs: this.#readTimeoutMs });
    if (answer.kind === 'over_budget') throw new Error('the thread works without a budget');
    return answer;
  }
}

/** With all links resolved, as far as there is something. */
async function realPath(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(await realPath(parent), basename(path));
  }
}

async function canonicalDirectory(directory: string): Promise<Result<string, ScanFault>> {
  try {
    const root = await realpath(directory);
    if ((await stat(root)).isDirectory()) return ok(root);
    return err({ kind: 'not_found', path: directory, message: `${directory} is not a directory` });
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      return err({ kind: 'not_found', path: directory, message: `there is no directory ${directory}` });
    }
    return err({ kind: 'unreadable', path: directory, message: String(cause) });
  }
}
