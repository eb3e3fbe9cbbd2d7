import type { Result } from 'neverthrow';
import type { JobOutcome } from '../../domain/job/job-outcome.js';
import type { JobStateLayout } from '../../domain/records/run-layout.js';
import type { EventSink } from '../../ports/event-sink.js';
import type { JobFault } from '../faults/job-fault.js';

/**
 * What firing the signal does to a job that runs: `cancel` ends it (TERM, grace, KILL) and still collects; `destroy`
 * removes the machine at once; `detach` leaves it running for `attach`.
 */
export type OnAbort = 'cancel' | 'destroy' | 'detach';

export interface JobCallOptions {
  readonly events?: EventSink;
  readonly signal?: AbortSignal;
  /** Default `cancel`. */
  readonly onAbort?: OnAbort;
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
