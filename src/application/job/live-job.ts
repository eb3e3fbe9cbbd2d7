import type { Result } from 'neverthrow';
import type { JobOutcome } from '../../domain/job/job-outcome.js';
import type { JobRecord } from '../../domain/job/job-record.js';
import type { HeldLock } from '../lock/job-lock.js';
import type { Machine } from '../machine/machine-backend.js';
import type { LiveServices } from '../services/live-services.js';
import type { FollowStream, GuestFault, ToldOfJob } from '../supervisor/guest.js';
import type { CopiedJobOptions } from './job-copies.js';
import type { JobSession } from './job-session.js';

/** A job whose machine runs, and who looks after both: the runner that made it, or one that took it up. */
export interface LiveJob {
  readonly session: JobSession;
  readonly machine: Machine;
  readonly record: JobRecord;
  /** The lease's owner token. */
  readonly owner: string;
  /** The right to write the job's state. */
  readonly lock: HeldLock;
  /** Resolves when nothing writes to the host any more on the machine's account. */
  readonly settled: Promise<unknown>;
  /** Hands the job to the supervisor, which may be repeated while that knows of no job; null when it cannot be handed over again. */
  readonly start: ((told: ToldOfJob) => Promise<Result<FollowStream, GuestFault>>) | null;
  /** The job is new: it is started, not looked for. */
  readonly isNew: boolean;
  /** Of a job that has some. */
  readonly services?: LiveServices;
  /** Why it cannot begin though its machine is there; left out when it can. */
  readonly notReady?: string;
  readonly options: CopiedJobOptions;
  /** Whether another attempt follows this end; none does when left out. */
  readonly isRetried?: (outcome: JobOutcome) => boolean;
}
