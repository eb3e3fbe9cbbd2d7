import { type WantedNumber, whyNoNumber } from '../../domain/values/whole-number.js';
import type { FileFault } from '../../ports/file-store.js';

/**
 * What is recorded of a run could not be had.
 * - `invalid_id`: the run or job id breaks the rule for ids; no path was made of it.
 * - `invalid_option`: a number of the call is none that it can have; nothing was read or removed.
 * - `no_such_run`, `no_such_job`: nothing is recorded under it.
 * - `no_such_step`: the machine has no record of it.
 * - `no_such_artifact`: the job did not bring it back, or it is gone.
 * - `damaged`: a record is there and is not what its schema says.
 * - `unreadable`: the file system refused.
 * - `aborted`: the caller's signal fired.
 */
export interface RunStateFault {
  readonly kind:
    | 'invalid_id'
    | 'invalid_option'
    | 'no_such_run'
    | 'no_such_job'
    | 'no_such_step'
    | 'no_such_artifact'
    | 'damaged'
    | 'unreadable'
    | 'aborted';
  /** The file that was asked for; null when none was. */
  readonly path: string | null;
  readonly message: string;
  readonly cause?: FileFault;
}

/** Why a call cannot be made with these numbers; null when it can. */
export function badNumber(wanted: readonly WantedNumber[]): RunStateFault | null {
  const bad = whyNoNumber(wanted);
  return bad === null ? null : { kind: 'invalid_option', path: null, message: bad.message };
}

export function stateFilesFault(fault: FileFault): RunStateFault {
  const kind = fault.kind === 'aborted' ? 'aborted' : 'unreadable';
  const message = `${fault.operation} ${fault.path}: ${fault.message}`;
  return { kind, path: fault.path, message, cause: fault };
}
