import type { FileFault } from '../../ports/file-store.js';

/**
 * What is recorded of a run could not be had.
 * - `invalid_id`: the run or job id breaks the rule for ids; no path was made of it.
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

export function stateFilesFault(fault: FileFault): RunStateFault {
  const kind = fault.kind === 'aborted' ? 'aborted' : 'unreadable';
  const message = `${fault.operation} ${fault.path}: ${fault.message}`;
  return { kind, path: fault.path, message, cause: fault };
}
