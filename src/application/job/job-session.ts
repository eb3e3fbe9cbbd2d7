import type { JobSpec } from '../../domain/job/job-spec.js';
import { machineJobId } from '../../domain/machine/machine-job-id.js';
import type { PhaseTiming } from '../../domain/machine/phase.js';
import type { JobStateLayout } from '../../domain/records/run-layout.js';
import type { Clock } from '../../ports/clock.js';
import type { EventSink } from '../../ports/event-sink.js';
import type { FileStore } from '../../ports/file-store.js';
import { Journal } from '../events/journal.js';

export interface JobSessionInput {
  readonly runId: string;
  readonly job: JobSpec;
  readonly state: JobStateLayout;
  readonly secrets: readonly string[];
  readonly localFiles: FileStore;
  readonly clock: Clock;
  readonly events: EventSink | undefined;
  /** Which attempt at the job it is, from 1; the first when left out. */
  readonly attempt?: number | undefined;
  readonly trace?: EventSink | undefined;
  /** Phases of an earlier runner, when this one attaches. */
  readonly earlier?: readonly PhaseTiming[];
  /** When the earlier runner began, ms since the epoch; now when left out. */
  readonly startedAtMs?: number;
}

/** One runner's work on one job: what it is, where its state lies, and its journal. */
export class JobSession extends Journal {
  readonly runId: string;
  readonly job: JobSpec;
  readonly state: JobStateLayout;
  readonly startedAtMs: number;
  /** By which the attempt has its machine and its directory on the host. */
  readonly machineId: string;
  readonly secretValues: readonly string[];

  constructor(input: JobSessionInput) {
    super({ ...input, jobId: input.job.id, hostLog: input.state.hostLog });
    this.runId = input.runId;
    this.job = input.job;
    this.state = input.state;
    this.machineId = machineJobId(input.job.id, input.attempt ?? 1);
    this.secretValues = input.secrets;
    this.startedAtMs = input.startedAtMs ?? input.clock.now();
  }
}
