import type { Result } from 'neverthrow';
import type { CallOptions, ShellFault } from './remote-shell.js';

/**
 * What a file store can fail with; `path` is the one that was asked for.
 * `name_refused`: the file system does not take such a name (errno EILSEQ or EINVAL), or the way to it cannot carry it.
 * `io` covers what has no kind of its own (disk full, input/output error, loop of links), with the system's word in `message`.
 */
export interface FileFault {
  readonly kind:
    | 'not_found'
    | 'already_exists'
    | 'permission_denied'
    | 'not_a_directory'
    | 'is_a_directory'
    | 'not_empty'
    | 'name_too_long'
    | 'name_refused'
    | 'too_large'
    | 'no_space'
    | 'connection_lost'
    | 'aborted'
    | 'io';
  readonly host: string;
  readonly path: string;
  readonly operation: string;
  readonly message: string;
  /** Why there is no connection, with `connection_lost` or `aborted`, where that is known: nothing was asked of the host then. */
  readonly cause?: ShellFault;
}

/** What a file system says of a path. */
export interface FileStat {
  readonly type: 'file' | 'directory' | 'symlink' | 'other';
  /** Bytes. */
  readonly size: number;
  /** Permission bits only, such as 0o644. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Milliseconds since the epoch; whole seconds over SFTP. */
  readonly mtimeMs: number;
}

/** A name in a directory, and what has it; links are not followed. */
export interface DirectoryEntry {
  readonly name: string;
  readonly type: FileStat['type'];
}

/** A file being written in pieces. Disposing without `commit` gives up: a new file's temporary is removed, an appended one keeps what was written. */
export interface FileWriter extends AsyncDisposable {
  /** Adds bytes at the end. Resolves when more may be written: the backpressure of the host. */
  write(data: Uint8Array): Promise<Result<void, FileFault>>;
  /** Ends the writing; a new file appears under its name now, whole. Later calls are faults of kind `io`. */
  commit(): Promise<Result<void, FileFault>>;
}

/** Files of one host, by absolute path; a byte of a name that is no part of UTF-8 stands as U+DC80 to U+DCFF (`streams/name-bytes`). No call follows a link at the last component except `readFile`, `stat` and `realpath`. */
export interface FileStore extends AsyncDisposable {
  readonly host: string;
  /** Whole content; `too_large` when it has more than `maxBytes` (default 16 MiB), having read no more than that. */
  readFile(
    path: string,
    options?: CallOptions & { readonly maxBytes?: number },
  ): Promise<Result<Uint8Array, FileFault>>;
  /** All or nothing: written beside the target, synced where the host can, renamed over it. Parents must exist. */
  writeFile(
    path: string,
    data: Uint8Array,
    options?: CallOptions & { readonly mode?: number },
  ): Promise<Result<void, FileFault>>;
  /** Creates the file when it is not there. Not atomic for readers; one call's bytes are not interleaved with another's of this store. */
  appendFile(path: string, data: Uint8Array, options?: CallOptions): Promise<Result<void, FileFault>>;
  /** Writes a new file in pieces, for content that must not be held in memory; replaces what is there on `commit`, atomically. */
  createWriter(
    path: string,
    options?: CallOptions & { readonly mode?: number },
  ): Promise<Result<FileWriter, FileFault>>;
  /**
   * Appends in pieces, each visible to readers when its `write` has resolved. Creates the file when it is not there. What is written goes to
   * the file that was opened, also when another has been put in its place since.
   */
  openAppender(path: string, options?: CallOptions): Promise<Result<FileWriter, FileFault>>;
  /** Cuts a file to `size` bytes. */
  truncate(path: string, size: number, options?: CallOptions): Promise<Result<void, FileFault>>;
  /** Sorted by name (code units). */
  list(path: string, options?: CallOptions): Promise<Result<readonly DirectoryEntry[], FileFault>>;
  /** Follows links. */
  stat(path: string, options?: CallOptions): Promise<Result<FileStat, FileFault>>;
  /** Does not follow a link at the last component. */
  lstat(path: string, options?: CallOptions): Promise<Result<FileStat, FileFault>>;
  /** The target as it is written in the link. */
  readlink(path: string, options?: CallOptions): Promise<Result<string, FileFault>>;
  /** Canonical absolute path; `not_found` when any component is missing. */
  realpath(path: string, options?: CallOptions): Promise<Result<string, FileFault>>;
  /** Makes the directory and its missing parents; fine when it is there already. */
  makeDirectory(
    path: string,
    options?: CallOptions & { readonly mode?: number },
  ): Promise<Result<void, FileFault>>;
  /** Sets the permission bits of a file or a directory; a link is a fault. */
  setMode(path: string, mode: number, options?: CallOptions): Promise<Result<void, FileFault>>;
  /** Renames within one file system. Onto a directory that is not empty: `not_empty` or `already_exists`. Replaces a file. */
  rename(from: string, to: string, options?: CallOptions): Promise<Result<void, FileFault>>;
  /** Removes a file, a link (not its target), an empty directory (else `not_empty`) or, with `recursive`, a tree. Fine when it is not there. */
  remove(
    path: string,
    options?: CallOptions & { readonly recursive?: boolean },
  ): Promise<Result<void, FileFault>>;
}
