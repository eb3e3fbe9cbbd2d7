import type { Result } from 'neverthrow';
import type { JobRecord } from '../../domain/job/job-record.js';
import type { JobFault } from '../faults/job-fault.js';
import type { JobCallOptions } from './job-call.js';

/** Copies of the records of a run's jobs, for whoever goes on with the run without its state root. */
export interface JobCopies {
  /**
   * Resolves when the copy is there, or there will be none at all. A job is not begun before: of a job that may have begun there is a copy, and one
   * without never began. The fault: another runner has the run, or what is there cannot be replaced.
   */
  save(record: JobRecord): Promise<Result<void, JobFault>>;
  /** Fires when another runner has taken the run over. The reason says which. */
  readonly superseded: AbortSignal;
}

/** What a job of a run is followed with. */
export interface CopiedJobOptions extends JobCallOptions {
  readonly copies?: JobCopies;
}
