import type { Result } from 'neverthrow';
import type { GuestRequest } from '../../domain/job/guest-request.js';
import type { GuestStatus } from '../../domain/job/guest-result.js';
import type { GuestStep } from '../../domain/job/step-record.js';
import type { GuestReadiness } from '../../domain/machine/machine-ready.js';
import type { FaultCause } from '../faults/job-fault.js';

/**
 * What can go wrong between a runner and a machine that was started.
 * - `connection_lost`: worth trying again; the step runs on meanwhile.
 * - `not_running`: the machine is there and does not run: it is being started, or stopped.
 * - `gone`: the machine is not there any more.
 * - `refused`: the supervisor refused (`refusal` is the name that it gave, see guest/README.md), or it answered as none does.
 * - `aborted`: the caller's signal fired.
 */
export interface GuestFault {
  readonly kind: 'connection_lost' | 'not_running' | 'gone' | 'refused' | 'aborted';
  readonly message: string;
  readonly refusal?: string;
  readonly cause?: FaultCause;
}

/** What the daemon answers before it runs anything. */
const BEFORE_ANYTHING: readonly string[] = [
  'invalid_request',
  'permission_denied',
  'already_exists',
  'stale',
];

/** Whether a call of the supervisor certainly did not run: there is no machine, or it was refused at the door. */
export function isRefusedAtOnce({ kind, cause }: Pick<GuestFault, 'kind' | 'cause'>): boolean {
  return (
    kind === 'gone' || (kind === 'refused' && cause !== undefined && BEFORE_ANYTHING.includes(cause.kind))
  );
}

/** The log from an offset on. `log` ends and never throws; `end` says why: with the supervisor's status, or a fault. */
export interface FollowStream extends AsyncDisposable {
  readonly log: AsyncIterable<Uint8Array>;
  readonly end: Promise<Result<GuestStatus, GuestFault>>;
}

/** What the guest says of an archive once it has ended. */
export interface ArchiveEnd {
  /** Absolute paths of files that became shorter, or could not be read to their end, and were filled up. */
  readonly filledUp: readonly string[];
}

/** Bytes of an archive; `end` is an `Err` when it did not arrive whole. */
export interface GuestArchive extends AsyncDisposable {
  readonly bytes: AsyncIterable<Uint8Array>;
  readonly end: Promise<Result<ArchiveEnd, GuestFault>>;
}

/** Something in a guest; links are not followed. */
export interface ListedFile {
  /** Absolute, in the guest; a byte that is no part of UTF-8 stands as U+DC80 to U+DCFF (`nameBytes`). */
  readonly path: string;
  /** `directory` only where they are asked for. `special`: a device, a FIFO or a socket. `not_whole`: its machine could not set it aside as a whole. `unknown`: the guest does not say. */
  readonly kind: 'file' | 'directory' | 'symbolic_link' | 'special' | 'not_whole' | 'unknown';
  /** Bytes; null when the guest does not say. */
  readonly size: number | null;
}

export interface GuestListing {
  readonly files: readonly ListedFile[];
  /** There are more than were asked for, or than are listened to. */
  readonly truncated: boolean;
}

export interface PutFile {
  /** Absolute, in the guest. */
  readonly path: string;
  /** Permission bits, such as 0o644. */
  readonly mode: number;
  /** In bytes: less or more than that is refused, so that half of a file is not taken for the whole. */
  readonly size: number;
  /** Login name of whom it belongs to; the supervisor's default user when left out. */
  readonly owner?: string;
  /** The machine's writable workspace, when the path is within it: it is made so, should no step have done that yet. */
  readonly writable?: string;
  /** The machine's init is not waited for. */
  readonly atOnce?: boolean;
  /** What is there already stays, and nothing is written. */
  readonly unlessThere?: boolean;
}

export interface GuestCall {
  readonly signal: AbortSignal;
  /** Is called for each piece that comes, by a call that gives its answer as a whole. */
  readonly onProgress?: (() => void) | undefined;
}

export interface ListCall extends GuestCall {
  /** Directories are listed as well, by a supervisor that knows how. */
  readonly directories?: boolean;
}

/** Who hears what a supervisor tells beside the log: all of it from the first on, also what was told before. */
export interface ToldOfJob {
  /** Each change of a step of the job. */
  readonly onStep?: (step: GuestStep) => void;
  /** That the machine is waited for, and how that has ended; nothing of one that was ready. */
  readonly onReady?: (readiness: GuestReadiness) => void;
}

export interface FollowCall extends GuestCall, ToldOfJob {}

/** A machine that runs, and the supervisor in it, whatever the backend. What it says is hostile until parsed. */
export interface Guest {
  /** For messages: how an operator finds the machine. */
  readonly description: string;
  /** Starts the job and follows it from the first byte. Idempotent only while the status is `absent`. */
  start(
    request: GuestRequest,
    secrets: Readonly<Record<string, string>>,
    call: FollowCall,
  ): Promise<Result<FollowStream, GuestFault>>;
  follow(offset: number, call: FollowCall): Promise<Result<FollowStream, GuestFault>>;
  /** Where the job stands, at once. */
  status(call: GuestCall): Promise<Result<GuestStatus, GuestFault>>;
  /** Ends the job's whole process tree: TERM, grace, KILL. Idempotent. */
  cancel(graceSecs: number, call: GuestCall): Promise<Result<GuestStatus, GuestFault>>;
  /** The secrets that the job was given, for masking by a runner that did not start it. */
  secrets(call: GuestCall): Promise<Result<Readonly<Record<string, string>>, GuestFault>>;
  /** Removes the secrets of a job or step that has ended: nothing is left to be masked. */
  forgetSecrets(call: GuestCall): Promise<Result<void, GuestFault>>;
  /** What is not a directory at or below `roots`; at most `most` of them. */
  list(roots: readonly string[], most: number, call: ListCall): Promise<Result<GuestListing, GuestFault>>;
  /** A tar archive of exactly these files. */
  pack(paths: readonly string[], call: GuestCall): Promise<Result<GuestArchive, GuestFault>>;
}

/** How a machine took the certificates that it was given. */
export interface TrustReport {
  /** Those that its image lacked. */
  readonly added: number;
  /** What went wrong on the way; the machine trusts them all the same. */
  readonly trouble: string | null;
}

/** The supervisor of a whole machine: its job's, the way to its files, and to the supervisors of its steps. */
export interface MachineSupervisor extends Guest {
  /** Writes one file, whole or not at all; its parents are made. */
  put(file: PutFile, content: AsyncIterable<Uint8Array>, call: GuestCall): Promise<Result<void, GuestFault>>;
  /** Unpacks a tar archive of the library's own into a directory. */
  unpack(
    directory: Omit<PutFile, 'mode' | 'size' | 'unlessThere'>,
    archive: AsyncIterable<Uint8Array>,
    call: GuestCall,
  ): Promise<Result<void, GuestFault>>;
  /** Makes the machine trust certificates (`certificateList`), before its first step. Idempotent. */
  trust(certificates: Uint8Array, call: GuestCall): Promise<Result<TrustReport, GuestFault>>;
  /** The same machine's supervisor for one step of its own; see guest/README.md, `--step`. */
  step(id: string): Guest;
}
