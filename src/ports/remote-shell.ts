import type { Result } from 'neverthrow';
import type { EntryContent } from './entry-content.js';
import type { ExitStatus, OutputChunk } from './output-chunk.js';

/**
 * What a shell can fail with. `host` says where; `tried` what was attempted, in words that carry no secret.
 * - `unreachable`: no connection could be made (refused, no route, name not found, handshake timed out).
 * - `host_key_refused`: the host's key is unknown, revoked or another one than known_hosts has. Never retried.
 * - `authentication_failed`: the host took none of the offered keys, or ended the connection over too many of them.
 * - `connection_lost`: the connection broke while something was under way. What ran there may run on.
 * - `spawn_failed`: the host gave no session, or there is no such cwd. A program that is not found or may not be executed is not
 *   a fault: the command then ends with code 127 or 126 and says why on standard error, as in a shell (POSIX XCU 2.8.2).
 * - `transfer_failed`: a tree did not arrive whole; what had arrived was removed.
 * - `source_changed`: an entry of a tree that is sent does not hold any more what it was said to hold; `path` names it, and what
 *   had arrived was removed.
 * - `aborted`: the caller's signal fired; the remote process tree was told to end.
 * - `invalid_command`: the caller handed in something that cannot be run (empty argv, NUL byte, bad variable name).
 * - `closed`: the shell was closed by its owner.
 */
export type ShellFault =
  | {
      readonly kind: 'unreachable';
      readonly host: string;
      readonly sshArguments?: SshArguments;
      readonly tried: string;
      readonly message: string;
      /** The socket or address that could not be opened, where it is not the host itself that cannot be reached. */
      readonly endpoint?: string;
    }
  | {
      readonly kind: 'host_key_refused';
      readonly host: string;
      readonly sshArguments?: SshArguments;
      readonly reason: 'unknown' | 'mismatch' | 'revoked' | 'unreadable_known_hosts';
      readonly fingerprint: string;
      readonly knownHostsFile: string;
      /** The name that the file has the host under. */
      readonly knownHostsName?: string;
      readonly message: string;
    }
  | {
      readonly kind: 'authentication_failed';
      readonly host: string;
      readonly sshArguments?: SshArguments;
      readonly tried: string;
      readonly message: string;
      /** The key file that was named, and what is wrong with it; `refused`: it can be read, and the host does not take it. */
      readonly identity?: {
        readonly path: string;
        readonly problem: 'missing' | 'encrypted' | 'unreadable' | 'refused';
      };
      /** The host took no more attempts before all keys were offered; `agent` is the socket of the agent that was asked, if one was. */
      readonly tooManyKeys?: { readonly agent: string | null };
    }
  | {
      readonly kind: 'connection_lost';
      readonly host: string;
      readonly sshArguments?: SshArguments;
      readonly tried: string;
      readonly message: string;
    }
  | {
      readonly kind: 'spawn_failed';
      readonly host: string;
      readonly sshArguments?: SshArguments;
      readonly tried: string;
      readonly message: string;
    }
  | {
      readonly kind: 'transfer_failed';
      readonly host: string;
      readonly tried: string;
      readonly message: string;
    }
  | {
      readonly kind: 'source_changed';
      readonly host: string;
      readonly tried: string;
      readonly message: string;
      /** Relative to the tree. */
      readonly path: string;
    }
  | { readonly kind: 'aborted'; readonly host: string; readonly tried: string; readonly message: string }
  | {
      readonly kind: 'invalid_command';
      readonly host: string;
      readonly tried: string;
      readonly message: string;
    }
  | { readonly kind: 'closed'; readonly host: string; readonly tried: string; readonly message: string };

/** With what `ssh` and `ssh-copy-id` reach the same host in the same way, for a person to type: options, then its name. */
export type SshArguments = readonly string[];

/** A command is data. `argv` is passed on as it is: no shell interprets any part of it. */
export interface Command {
  readonly argv: readonly [string, ...string[]];
  /** Absolute directory to run in; the home directory when left out. */
  readonly cwd?: string;
  /** Added to the environment that the host gives; names are `[A-Za-z_][A-Za-z0-9_]*`. Not for secrets. */
  readonly env?: Readonly<Record<string, string>>;
  /** Written to the command's standard input, which is then closed. Empty when left out. */
  readonly stdin?: Uint8Array | AsyncIterable<Uint8Array>;
  /**
   * The command is over when its own process is: what that leaves running is ended (TERM, then KILL), and what holds an output open even
   * then is not waited for. When left out, a command is over when its outputs are closed, whoever has them.
   */
  readonly endsWithProcess?: boolean;
}

/**
 * `output` ends when the command's outputs end and never throws; it must be read (or the command disposed of), because it
 * carries the backpressure: after about 256 KiB that nobody reads, the command waits, and so does `exit`. Whoever stops reading
 * early lets the rest be dropped. `exit` says why it ended: a lost connection is an `Err`, never an exit status. Disposing kills
 * the remote process tree if it still runs, waits a bounded time, and never throws.
 */
export interface RunningCommand extends AsyncDisposable {
  readonly output: AsyncIterable<OutputChunk>;
  readonly exit: Promise<Result<ExitStatus, ShellFault>>;
}

/** What every call takes. */
export interface CallOptions {
  /** Cancels the call; a started command's whole process tree is killed. */
  readonly signal?: AbortSignal;
}

/** A tree of this machine that is sent to the host. */
export interface TreeUpload {
  /** Local directory that `entries` are relative to. */
  readonly source: string;
  /** Absolute; instead of `source`, for those `contents` that lie below `.git/`. */
  readonly gitDirectory?: string;
  /** Relative POSIX paths of files and symbolic links (directories are implied); the whole tree when left out. */
  readonly entries?: readonly string[];
  /** What each of `entries` has to hold, in the same order: just that arrives, with its time, or the upload fails with `source_changed`. */
  readonly contents?: readonly EntryContent[];
  /** Absolute directory on the host; created when it is not there. */
  readonly destination: string;
  /** Numeric owner that the files get where the user may give files away (root); otherwise ignored. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  /** Files become readable, and directories searchable, by every user of the host and the guest; so none may stay setuid or setgid. */
  readonly readableByAll?: boolean;
  /** Bytes sent so far, called while the upload runs. */
  readonly onProgress?: (bytes: number) => void;
}

/** A tree of the host that is brought to this machine. */
export interface TreeDownload {
  /** Absolute directory on the host. */
  readonly source: string;
  /** Local directory; created when it is not there. */
  readonly destination: string;
  /** Bytes received so far, called while the download runs. */
  readonly onProgress?: (bytes: number) => void;
}

/** Size of the archive that crossed the wire, in bytes. */
export interface TreeTransfer {
  readonly bytes: number;
}

/** One host on which commands can be run. Several calls may be under way at once; the adapter keeps within the server's limits. */
export interface RemoteShell extends AsyncDisposable {
  /** For messages: `user@host:port`, or `local`. */
  readonly host: string;
  /** Starts a command. Resolves when it has started; how it ends is told by `exit`. */
  spawn(command: Command, options?: CallOptions): Promise<Result<RunningCommand, ShellFault>>;
  /** Sends a tree; the host's `tar` unpacks it. Trusted content only: the archive is made by the local `tar`. */
  uploadTree(upload: TreeUpload, options?: CallOptions): Promise<Result<TreeTransfer, ShellFault>>;
  /** Brings a tree of a trusted place. What a guest has written goes through artifact collection instead. */
  downloadTree(download: TreeDownload, options?: CallOptions): Promise<Result<TreeTransfer, ShellFault>>;
}
