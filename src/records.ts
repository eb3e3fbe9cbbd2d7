/**
 * What runs have recorded on this machine: loading, listing and following it. Needs no host and no configuration: everything is in the
 * state root (`.pikaci`, or what the configuration calls it).
 *
 * @packageDocumentation
 */
export type { GcRunsReport } from './application/gc/gc-runs.js';
export type { RemovedMachines } from './application/gc/remove-old-machines.js';
export type { CancelAnswer } from './application/records/cancel-run.js';
export type { EventPosition, EventsEnd, StoredEvent } from './application/records/follow-events.js';
export type { RunListing } from './application/records/list-runs.js';
export type { LogKind } from './application/records/load-logs.js';
export type { RunBundle } from './application/records/load-run-bundle.js';
export type { RunStateFault } from './application/records/run-state-fault.js';
export type { RunSummaries } from './application/records/summarize-runs.js';
export {
  cancelRun,
  followEvents,
  gcRuns,
  listRuns,
  loadJob,
  loadLogs,
  loadLogsMetadata,
  loadPlan,
  loadPools,
  loadPreparedOutputs,
  loadRunBundle,
  loadRunRecord,
  loadSteps,
  type RunStateOptions,
  readArtifact,
  readEvents,
  readLog,
  readStepLog,
  summarizeRuns,
  testHistory,
} from './composition/run-state.js';
export type { LogEvent, PikaciEvent, WireEvent } from './domain/events/event.js';
export type { RunEvent } from './domain/events/run-event.js';
export type { RunJobStatus, RunStatus } from './domain/events/run-status.js';
export type { JobOutcome } from './domain/job/job-outcome.js';
export type { JobRecord } from './domain/job/job-record.js';
export type { JobStepRecord } from './domain/job/step-record.js';
export { junitReport } from './domain/records/junit-report.js';
export type { JobLogMetadata, RunLogs, RunLogsMetadata } from './domain/records/logs-metadata.js';
export type { PlanNodeRecord, PlanRecord } from './domain/records/plan-record.js';
export type { PoolRecord } from './domain/records/pool-record.js';
export type {
  PreparedOutputExposure,
  PreparedOutputsRecord,
  RealizedPreparedOutput,
} from './domain/records/prepared-outputs-record.js';
export {
  type JobStateLayout,
  jobStateLayout,
  type RunStateLayout,
  runStateLayout,
} from './domain/records/run-layout.js';
export type {
  PrepareTiming,
  RemoteLinuxVmExecution,
  RunJobRecord,
  RunRecord,
} from './domain/records/run-record.js';
export type { RunSummary } from './domain/records/run-summary.js';
export type { TestHistory, TestOverRuns } from './domain/records/test-history.js';
export type { LogPart } from './ports/log-reader.js';
