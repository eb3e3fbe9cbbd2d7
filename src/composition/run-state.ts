import { err, type Result } from 'neverthrow';
import type { Pikaci } from '../application/api/pikaci.js';
import type { JobFault } from '../application/faults/job-fault.js';
import { type GcRunsReport, gcRuns as gcRunsOf } from '../application/gc/gc-runs.js';
import { type CancelAnswer, cancelRun as cancelRunOf } from '../application/records/cancel-run.js';
import {
  type EventPosition,
  type EventsEnd,
  followEvents as followEventsOf,
  readEvents as readEventsOf,
  type StoredEvent,
} from '../application/records/follow-events.js';
import { listRuns as listRunsOf, type RunListing } from '../application/records/list-runs.js';
import { loadJob as loadJobOf } from '../application/records/load-job.js';
import {
  type LogKind,
  loadLogsMetadata as loadLogsMetadataOf,
  loadLogs as loadLogsOf,
} from '../application/records/load-logs.js';
import { loadPlan as loadPlanOf } from '../application/records/load-plan.js';
import { loadPools as loadPoolsOf } from '../application/records/load-pools.js';
import { loadPreparedOutputs as loadPreparedOutputsOf } from '../application/records/load-prepared-outputs.js';
import { loadRunBundle as loadRunBundleOf, type RunBundle } from '../application/records/load-run-bundle.js';
import { loadRunRecord as loadRunRecordOf } from '../application/records/load-run-record.js';
import { loadSteps as loadStepsOf } from '../application/records/load-steps.js';
import { readArtifact as readArtifactOf } from '../application/records/read-artifact.js';
import { readLog as readLogOf } from '../application/records/read-log.js';
import { readStepLog as readStepLogOf } from '../application/records/read-step-log.js';
import { inRunOfJob } from '../application/records/run-of-job.js';
import type { RunStateFault } from '../application/records/run-state-fault.js';
import {
  type RunSummaries,
  summarizeRuns as summarizeRunsOf,
} from '../application/records/summarize-runs.js';
import { testHistory as testHistoryOf } from '../application/records/test-history.js';
import type { RerunOptions, TargetRun } from '../application/target/target-run.js';
import type { RunStatus } from '../domain/events/run-status.js';
import type { JobRecord } from '../domain/job/job-record.js';
import type { JobStepRecord } from '../domain/job/step-record.js';
import type { RunLogs, RunLogsMetadata } from '../domain/records/logs-metadata.js';
import type { PlanRecord } from '../domain/records/plan-record.js';
import type { PoolRecord } from '../domain/records/pool-record.js';
import type { PreparedOutputsRecord } from '../domain/records/prepared-outputs-record.js';
import type { RunRecord } from '../domain/records/run-record.js';
import type { TestHistory } from '../domain/records/test-history.js';
import type { LogPart } from '../ports/log-reader.js';
import { type Answer, below, files, logs, ports, type RunStateOptions, usableRoot } from './state-files.js';

export type { RunStateOptions } from './state-files.js';

/** Of a job that a run has taken over, what the run has that ran it. */
function ofJob<T, Q extends RunStateOptions & { readonly runId: string; readonly job: string }>(
  stateRoot: string,
  asked: Q,
  read: (query: Q & { readonly stateRoot: string }) => Answer<T>,
): Answer<T> {
  return below(stateRoot, async (root) => read(await inRunOfJob(files, { ...asked, stateRoot: root })));
}

/** The run, what logs it has, and its prepared outputs; those are null when they are missing or cannot be read. */
export function loadRunBundle(
  stateRoot: string,
  runId: string,
  options: RunStateOptions = {},
): Answer<RunBundle> {
  return below(stateRoot, (root) => loadRunBundleOf(ports, { stateRoot: root, runId, ...options }));
}

/** `run.json`, brought up to date with what jobs have recorded since. */
export function loadRunRecord(
  stateRoot: string,
  runId: string,
  options: RunStateOptions = {},
): Answer<RunRecord> {
  return below(stateRoot, (root) => loadRunRecordOf(ports, { stateRoot: root, runId, ...options }));
}

/** `plan.json`: what the run set out to do. The fault says when there is no such run, or its plan cannot be read. */
export function loadPlan(
  stateRoot: string,
  runId: string,
  options: RunStateOptions = {},
): Answer<PlanRecord> {
  return below(stateRoot, (root) => loadPlanOf(files, { stateRoot: root, runId, ...options }));
}

/** Null when the run prepared nothing; a file that cannot be read is a fault. */
export function loadPreparedOutputs(
  stateRoot: string,
  runId: string,
  options: RunStateOptions = {},
): Answer<PreparedOutputsRecord | null> {
  return below(stateRoot, (root) => loadPreparedOutputsOf(files, { stateRoot: root, runId, ...options }));
}

/** Which logs the jobs of a run have, and how large they are in bytes, without their text. */
export function loadLogsMetadata(
  stateRoot: string,
  runId: string,
  options: RunStateOptions = {},
): Answer<RunLogsMetadata> {
  return below(stateRoot, (root) => loadLogsMetadataOf(ports, { stateRoot: root, runId, ...options }));
}

/** Of one job or of all, the last `maxBytes` (default 16 MiB) of each log. */
export function loadLogs(
  stateRoot: string,
  runId: string,
  options: RunStateOptions & {
    readonly job?: string;
    readonly kind?: LogKind;
    readonly maxBytes?: number;
  } = {},
): Answer<RunLogs> {
  return below(stateRoot, (root) => loadLogsOf(ports, logs, { stateRoot: root, runId, ...options }));
}

/** A piece of one job's log from an offset in bytes on (negative: from the end), at most `maxBytes` (default 256 KiB); of an earlier attempt where `attempt` says which. For those who follow a run. */
export function readLog(
  stateRoot: string,
  runId: string,
  options: RunStateOptions & {
    readonly job: string;
    readonly kind: 'host' | 'guest';
    /** That of a service of the job. */
    readonly service?: string;
    readonly attempt?: number;
    readonly offset: number;
    readonly maxBytes?: number;
  },
): Answer<LogPart> {
  return ofJob(stateRoot, { runId, ...options }, (query) => readLogOf(logs, query));
}

/** A piece of the kept log of one step of an open machine, from an offset in bytes on (negative: from the end), at most `maxBytes` (default 256 KiB). */
export function readStepLog(
  stateRoot: string,
  machineId: string,
  options: RunStateOptions & {
    readonly step: string;
    readonly offset: number;
    readonly maxBytes?: number;
  },
): Answer<LogPart> {
  return below(stateRoot, (root) =>
    readStepLogOf({ files, reader: logs }, { stateRoot: root, machineId, ...options }),
  );
}

/** A piece of what a job brought back, at most `maxBytes` (default 256 KiB) from `offset` on. Only what the job's record lists is read, and never what a link leads to outside. */
export function readArtifact(
  stateRoot: string,
  runId: string,
  options: RunStateOptions & {
    readonly job: string;
    /** Relative to the job's artifacts, as the record has it. */
    readonly path: string;
    readonly offset: number;
    readonly maxBytes?: number;
  },
): Answer<LogPart> {
  return ofJob(stateRoot, { runId, ...options }, (query) => readArtifactOf(files, logs, query));
}

/** The events of a run as they are written, from a position on, until its last line, `run_closed`, or until its runner is gone. Returns which. */
export async function* followEvents(
  stateRoot: string,
  runId: string,
  position: EventPosition & { readonly signal: AbortSignal },
): AsyncGenerator<Result<StoredEvent, RunStateFault>, EventsEnd> {
  const parts = { ...ports, reader: logs };
  const root = await usableRoot(stateRoot);
  if (root.isOk()) return yield* followEventsOf(parts, { stateRoot: root.value, runId, ...position });
  yield err(root.error);
  return { reason: 'fault' };
}

/** The events that a run has recorded so far, from a position on. */
export async function* readEvents(
  stateRoot: string,
  runId: string,
  position: Pick<EventPosition, 'from'> & { readonly signal: AbortSignal },
): AsyncGenerator<Result<StoredEvent, RunStateFault>, void> {
  const root = await usableRoot(stateRoot);
  if (root.isErr()) yield err(root.error);
  else yield* readEventsOf(logs, { stateRoot: root.value, runId, ...position });
}

/** What a job recorded of itself: its machine, its outcome, its artifacts. */
export function loadJob(
  stateRoot: string,
  runId: string,
  jobId: string,
  options: RunStateOptions = {},
): Answer<JobRecord> {
  return ofJob(stateRoot, { runId, job: jobId, ...options }, (query) => loadJobOf(files, query));
}

/** The steps of a job that came to their turn so far, in order, also while it runs, and all of them once it has ended; none for a job of one command, or one that has not begun. */
export function loadSteps(
  stateRoot: string,
  runId: string,
  options: RunStateOptions & { readonly job: string },
): Answer<readonly JobStepRecord[]> {
  return ofJob(stateRoot, { runId, ...options }, (query) => loadStepsOf(files, query));
}

/** What became of each test in the newest runs that have reports of tests: those that are flaky first, then by how often they failed. */
export function testHistory(
  stateRoot: string,
  options: RunStateOptions & {
    readonly branch?: string;
    readonly target?: string;
    readonly job?: string;
    /** At most so many runs, the newest; 50 unless said. */
    readonly runs?: number;
  } = {},
): Answer<TestHistory> {
  return below(stateRoot, (root) => testHistoryOf(ports, { stateRoot: root, ...options }));
}

/** Newest first; `skip` leaves out that many of the newest, and at most `limit` are given. */
export function listRuns(
  stateRoot: string,
  options: RunStateOptions & {
    readonly branch?: string;
    readonly target?: string;
    readonly status?: RunStatus;
    readonly skip?: number;
    readonly limit?: number;
  } = {},
): Answer<RunListing> {
  return below(stateRoot, (root) => listRunsOf(ports, { stateRoot: root, ...options }));
}

/**
 * All runs in short, newest first: how each stands, and sums over its jobs. Of runs that have ended for good no record is read again: what is
 * known of them is kept in `runs-index.jsonl` of a state root with a hundred runs or more, which may be removed at any time.
 */
export function summarizeRuns(stateRoot: string, options: RunStateOptions = {}): Answer<RunSummaries> {
  return below(stateRoot, (root) => summarizeRunsOf(ports, { stateRoot: root, ...options }));
}

/** The pools of machines that wait, each as the process of this state root saw it that filled or drained it last. */
export function loadPools(stateRoot: string, options: RunStateOptions = {}): Answer<readonly PoolRecord[]> {
  return below(stateRoot, (root) => loadPoolsOf(files, { stateRoot: root, ...options }));
}

/** Removes the state of all but the newest `keepRuns` runs; those that have not ended stay, and those that a process follows or whose machines are kept. */
export function gcRuns(
  stateRoot: string,
  options: RunStateOptions & { readonly keepRuns: number; readonly dryRun?: boolean },
): Answer<GcRunsReport> {
  return below(stateRoot, (root) => gcRunsOf(ports, { stateRoot: root, ...options }));
}

/** Runs again what a recorded run set out to do, on the workspace as it is now; `pikaci` must have been made for the same state root. */
export function rerun(
  pikaci: Pick<Pikaci, 'rerun'>,
  runId: string,
  options: RerunOptions = {},
): Promise<Result<TargetRun, JobFault>> {
  return pikaci.rerun(runId, options);
}

/** Asks the runner of a run to end it, as one Ctrl-C does, and waits until it has taken notice: 6 s as a rule, 20 at most. `by` is shown to whoever watches the run. */
export function cancelRun(
  stateRoot: string,
  runId: string,
  options: RunStateOptions & { readonly by: string },
): Answer<CancelAnswer> {
  return below(stateRoot, (root) => cancelRunOf(ports, { stateRoot: root, runId, ...options }));
}
