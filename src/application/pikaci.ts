import type { Result } from 'neverthrow';
import type { JobOutcome } from '../domain/job-outcome.js';
import type { JobSpecInput } from '../domain/job-spec.js';
import type { JobStateLayout } from '../domain/run-layout.js';
import type { EventSink } from '../ports/event-sink.js';
import type { DoctorReport } from './doctor-report.js';
import type { JobFault } from './job-fault.js';
import type { ReapReport } from './reap-report.js';

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

export interface RunJobInput extends JobCallOptions {
  readonly job: JobSpecInput;
  /** Directory whose snapshot the job gets. */
  readonly workspace: string;
  /** A new one is made when left out. */
  readonly runId?: string;
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

export interface ReapOptions {
  readonly signal?: AbortSignal;
  /** Say what would be removed, and remove nothing. */
  readonly dryRun?: boolean;
}

/** One host, ready to run jobs. Connections are made on first use. */
export interface Pikaci extends AsyncDisposable {
  /** `user@host:port`, or `local`. */
  readonly host: string;
  /** Runs one job in a fresh machine. `Ok` whenever the job ended, passed or not; `Err` when the machinery failed. */
  runJob(input: RunJobInput): Promise<Result<JobRun, JobFault>>;
  /** Takes up a job whose runner is gone: follows it from the last byte kept, or collects what has finished meanwhile. */
  attach(runId: string, jobId: string, options?: JobCallOptions): Promise<Result<JobRun, JobFault>>;
  /** Deletes the instances whose lease has ended, and none that is renewed. Safe to run twice at once. */
  reap(options?: ReapOptions): Promise<Result<ReapReport, JobFault>>;
  /** Looks at everything that a job will need, and says what to do about what is wrong. */
  doctor(options?: { readonly signal?: AbortSignal }): Promise<DoctorReport>;
  /** Waits (bounded) for clean-ups that are under way, then closes the connections. */
  close(): Promise<void>;
}
