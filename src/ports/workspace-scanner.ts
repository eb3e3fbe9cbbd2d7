import type { Result } from 'neverthrow';
import type { EntryContent } from './entry-content.js';
import type { CallOptions } from './remote-shell.js';

/**
 * - `not_found`: no such directory. `unreadable`: a file could not be read. `git_failed`: git would not list the files.
 * - `changed_while_reading`: a file changed under the scan, twice in a row. `unsupported_name`: a repository within the workspace whose name is not UTF-8.
 * - `aborted`: the caller's signal fired.
 */
export interface ScanFault {
  readonly kind:
    | 'not_found'
    | 'unreadable'
    | 'git_failed'
    | 'changed_while_reading'
    | 'unsupported_name'
    | 'aborted';
  readonly path: string;
  readonly message: string;
}

/** A workspace at one moment, named by its content. */
export interface WorkspaceSnapshot {
  /** Absolute, canonical directory that `entries` are relative to. */
  readonly root: string;
  /** Lower-case hex sha256 over every entry's path, kind, executable bit, time and content (or link target). */
  readonly contentHash: string;
  /** Relative POSIX paths of files and symbolic links, sorted by bytes (of a name that is not UTF-8, each byte that is none stands as U+DC80 to U+DCFF); in git, the tracked and the untracked that are not ignored. */
  readonly entries: readonly string[];
  /** What each of `entries` holds, in the same order. */
  readonly contents: readonly EntryContent[];
  /** Bytes of all files. */
  readonly totalBytes: number;
  /** Its files are on the host alone: it is mounted where it lies, and is never sent. */
  readonly isOnHostOnly?: true;
  /** What git has checked out there; left out without git, without a commit, and by those who do not know. */
  readonly commit?: CheckedOutCommit;
  /** Absolute; from here what is below `.git/` in `entries` is read. Left out where nothing is. It stays as it is while the scanner is in use. */
  readonly gitDirectory?: string;
}

/** A commit as it is checked out. */
export interface CheckedOutCommit {
  /** The whole hash. */
  readonly hash: string;
  /** Null when no branch is checked out. */
  readonly branch: string | null;
}

/** Which commit a workspace has, and whether its content differs from it; `head` is null before the first commit. */
export interface WorkspaceRevision {
  readonly head: string | null;
  readonly dirty: boolean;
  /** Null when no branch is checked out; left out by those who do not know. */
  readonly branch?: string | null;
}

export interface ScanOptions extends CallOptions {
  /** Patterns (docs/patterns.md) of what is no part of the workspace. */
  readonly exclude?: readonly string[];
  /** Whether the snapshot has a `.git`, and of how much history; `none` when left out. Without a repository that can give it: `git_failed`. */
  readonly git?: 'none' | 'shallow' | 'full';
  /** Of `full`: neither other branches than the one that is checked out, nor tags that are not in its history. */
  readonly onlyReachable?: boolean;
  /**
   * Just these paths, as they are, and no others: git is not asked, whose settings could be those of somebody else here, and nothing is left out
   * because of its name. One that is not there is not among the entries.
   */
  readonly only?: readonly string[];
}

/** Reads what a workspace holds and names it by its content. */
export interface WorkspaceScanner {
  /** Reads all that a run of `directory` would get. Faults: see `ScanFault`. */
  scan(directory: string, options?: ScanOptions): Promise<Result<WorkspaceSnapshot, ScanFault>>;
  /** Null where there is no git. Apart from the scan, because it takes longer and no job waits for it. */
  revision(directory: string, options?: ScanOptions): Promise<Result<WorkspaceRevision | null, ScanFault>>;
  /**
   * Paths, relative to the directory, that differ from the commit at which it left the way to this revision: committed or not, removed ones
   * and both names of renamed ones as well. `git_failed` where there is no git, no such commit, or none in common.
   */
  changedSince(
    directory: string,
    revision: string,
    options?: ScanOptions,
  ): Promise<Result<readonly string[], ScanFault>>;
}
