import type { ShellFault } from './remote-shell.js';

/**
 * What a call to Incus can fail with. `host` says which daemon, `tried` which call (`POST /1.0/instances`).
 * - `unreachable`: the socket could not be opened; `permission_denied`: the daemon or the socket said no (401, 403, EACCES).
 * - `connection_lost`: the connection broke while the call was under way; it may have taken effect.
 * - `not_found`, `already_exists` (also the 500 that 6.0 answers for a duplicate name), `stale` (412, the ETag no longer holds),
 *   `busy` (another operation holds the instance), `quota_reached` (the project has no room now for what was asked), `invalid_request` (400 and a restricted project's refusals).
 * - `operation_failed`: the background operation ended with an error. `timed_out`: it did not end within the bound.
 * - `unexpected_answer`: the answer is not what the API promises; `message` has the path of the value.
 * - `server_error`: any other 5xx. `aborted`: the caller's signal fired. `closed`: the API was closed by its owner.
 */
export interface IncusFault {
  readonly kind:
    | 'unreachable'
    | 'permission_denied'
    | 'connection_lost'
    | 'not_found'
    | 'already_exists'
    | 'stale'
    | 'busy'
    | 'quota_reached'
    | 'invalid_request'
    | 'operation_failed'
    | 'timed_out'
    | 'unexpected_answer'
    | 'server_error'
    | 'aborted'
    | 'closed';
  readonly host: string;
  readonly tried: string;
  /** HTTP or API status, when there was one. */
  readonly status: number | null;
  readonly message: string;
  /** Why there is no connection, where that is known. */
  readonly cause?: ShellFault;
}
