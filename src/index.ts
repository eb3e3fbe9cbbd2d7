export type { DoctorCheck, DoctorReport } from './application/doctor-report.js';
export type { FaultCause, JobFault } from './application/job-fault.js';
export type { GuestShell, ShellCall } from './application/open-shell.js';
export type {
  JobCallOptions,
  JobRun,
  OnAbort,
  Pikaci,
  ReapOptions,
  RunJobInput,
} from './application/pikaci.js';
export type { ReapReport } from './application/reap-report.js';
export type { EvictionReport } from './application/retention/eviction-report.js';
export type { EventPosition, StoredEvent } from './application/runs/follow-events.js';
export type { GcRunsReport } from './application/runs/gc-runs.js';
export type { RunListing } from './application/runs/list-runs.js';
export type { LogKind } from './application/runs/load-logs.js';
export type { RunBundle } from './application/runs/load-run-bundle.js';
export type { RunStateFault } from './application/runs/run-state-fault.js';
export type {
  PrepareEnd,
  RerunOptions,
  RunTargetInput,
  TargetJobEnd,
  TargetRun,
  TargetSecrets,
} from './application/runs/target-run.js';
export type { Adapters } from './composition/adapters.js';
export { type CreatePikaciOptions, createPikaci } from './composition/create-pikaci.js';
export { fulfillPreparedOutputRequest } from './composition/fulfil-prepared-output.js';
export {
  followEvents,
  gcRuns,
  listRuns,
  loadJob,
  loadLogs,
  loadLogsMetadata,
  loadPlan,
  loadPreparedOutputs,
  loadRunBundle,
  loadRunRecord,
  type RunStateOptions,
  readArtifact,
  readEvents,
  readLog,
  rerun,
} from './composition/run-state.js';
export { type ArtifactReport, artifactReportSchema } from './domain/artifact.js';
export { type PikaciConfig, type PikaciConfigInput, pikaciConfigSchema } from './domain/config.js';
export type { ConfigFault, ConfigProblem } from './domain/config-fault.js';
export { type LogEvent, type PikaciEvent, type WireEvent, wireEventSchema } from './domain/event.js';
export {
  type FulfilmentRequest,
  type FulfilmentResult,
  fulfilmentRequestSchema,
  fulfilmentResultSchema,
} from './domain/fulfilment.js';
export { buildGuestRequest, type GuestRequest, guestRequestSchema } from './domain/guest-request.js';
export {
  type GuestResult,
  type GuestStatus,
  guestResultSchema,
  guestStatusSchema,
} from './domain/guest-result.js';
export { incusInstanceName } from './domain/incus-instance-name.js';
export { type IncusImageIdentity, type JobOutcome, jobOutcomeSchema } from './domain/job-outcome.js';
export { type JobRecord, jobRecordSchema } from './domain/job-record.js';
export { type JobSpec, type JobSpecInput, jobSpecSchema } from './domain/job-spec.js';
export {
  type JobLogMetadata,
  type RunLogs,
  type RunLogsMetadata,
  runLogsMetadataSchema,
  runLogsSchema,
} from './domain/logs-metadata.js';
export { declaredPayloadMountDeviceName } from './domain/mount-device-name.js';
export { type DeclaredMounts, type PlannedMount, planDeclaredMounts } from './domain/mount-plan.js';
export {
  PAYLOAD_MANIFEST_PATH,
  type PayloadManifest,
  type PayloadMountRecord,
  payloadManifestSchema,
} from './domain/payload-manifest.js';
export {
  type PayloadMountFault,
  type ValidatedPayloadMount,
  validatePayloadMount,
  validatePayloadMounts,
} from './domain/payload-mount-rules.js';
export { type Phase, type PhaseTiming, phaseTimingSchema } from './domain/phase.js';
export { type PlanNodeRecord, type PlanRecord, planRecordSchema } from './domain/plan-record.js';
export {
  type PreparedOutputExposure,
  type PreparedOutputsRecord,
  preparedOutputsRecordSchema,
  type RealizedPreparedOutput,
} from './domain/prepared-outputs-record.js';
export { type RemoteLayout, remoteLayout } from './domain/remote-layout.js';
export {
  contextBackend,
  contextShared,
  type IncusContextInput,
  type MicrovmContextInput,
  type RemoteIncusContext,
  type RemoteLinuxVmBackend,
  type RemoteLinuxVmContext,
  type RemoteLinuxVmSharedContext,
  type RemoteMicrovmContext,
  remoteLinuxVmContext,
} from './domain/remote-linux-vm-context.js';
export type { KeptEntry, KeptKind, RetentionBounds } from './domain/retention.js';
export { type RunEvent, runEventSchema } from './domain/run-event.js';
export {
  type JobStateLayout,
  jobStateLayout,
  type RunStateLayout,
  runStateLayout,
} from './domain/run-layout.js';
export {
  type PrepareTiming,
  type RemoteLinuxVmExecution,
  type RunJobRecord,
  type RunRecord,
  runRecordSchema,
} from './domain/run-record.js';
export type { RunJobStatus, RunStatus } from './domain/run-status.js';
export { snapshotMountRecord } from './domain/snapshot-mount.js';
export { type TargetConfig, type TargetConfigInput, targetConfigSchema } from './domain/target-config.js';
export type { Clock } from './ports/clock.js';
export type { EventSink } from './ports/event-sink.js';
export type { DirectoryEntry, FileFault, FileStat, FileStore, FileWriter } from './ports/file-store.js';
export type { IncusApi, IncusEvents, IncusExec } from './ports/incus-api.js';
export type { IncusFault } from './ports/incus-fault.js';
export type * from './ports/incus-types.js';
export type { LogPart, LogRange, LogReader } from './ports/log-reader.js';
export type { ExitStatus, OutputChunk } from './ports/output-chunk.js';
export type { Processes, ProcessIdentity, ProcessState } from './ports/processes.js';
export type {
  Command,
  RemoteShell,
  RunningCommand,
  ShellFault,
  TreeTransfer,
  TreeUpload,
} from './ports/remote-shell.js';
export type { SocketDialer } from './ports/socket-dialer.js';
export type {
  ScanFault,
  WorkspaceRevision,
  WorkspaceScanner,
  WorkspaceSnapshot,
} from './ports/workspace-scanner.js';
