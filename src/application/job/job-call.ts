import type { Result } from 'neverthrow';
import type { JobOutcome } from '../../domain/job/job-outcome.js';
import type { JobSpecInput } from '../../domain/job/job-spec.js';
import type { JobStateLayout } from '../../domain/records/run-layout.js';
import type { EventSink } from '../../ports/event-sink.js';
import type { JobFault } from '../faults/job-fault.js';
import type { OnAbort } from '../step/on-abort.js';

/** Who hears of a job while it runs, and what ends it early. */
export interface JobCallOptions {
  readonly events?: EventSink;
  readonly signal?: AbortSignal;
  /** Fired after `signal` with `cancel`: a job that is being ended gets no more of its grace (KILL at once), and is collected all the same. */
  readonly hurry?: AbortSignal;
  /** Default `cancel`. */
  readonly onAbort?: OnAbort;
}

/** One job, and the directory that it works on. A job that is not valid is a fault of kind `invalid_job`. */
export interface RunJobInput extends JobCallOptions {
  readonly job: JobSpecInput;
  /** Directory whose snapshot the job gets. */
  readonly workspace: string;
  /** A new one is made when left out. */
  readonly runId?: string;
  /** When the job fails its machine stays for this long, for `shell`; then a reaper may take it. Seconds. */
  readonly keepOnFailureSecs?: number;
  /** For the record, and for the caches of a run that is not trusted; the one that is checked out, which the latter do not go by, when left out. */
  readonly branch?: string;
}

/**
 * A job that has been reported. Its machine is still being removed: `cleanUp` resolves when that is done (or has failed
 * and is left to the reaper), and `Pikaci.close` waits for it.
 */
export interface JobRun {
  readonly runId: string;
  readonly outcome: JobOutcome;
  readonly state: JobStateLayout;
  readonly cleanUp: Promise<Result<void, JobFault>>;
}
