export type {
  JobCallOptions,
  JobRun,
  OnAbort,
  Pikaci,
  ReapOptions,
  RunJobInput,
} from './application/api/pikaci.js';
export type { DoctorCheck, DoctorReport } from './application/doctor/doctor-report.js';
export type { FaultCause, JobFault } from './application/faults/job-fault.js';
export type { MachineFault, OpenMachineFault } from './application/faults/machine-fault.js';
export type { EvictionReport } from './application/gc/eviction-report.js';
export type { GcRunsReport } from './application/gc/gc-runs.js';
export type { ReapReport } from './application/gc/reap-report.js';
export type { GuestShell, GuestShellFault, ShellCall } from './application/machine/guest-shell.js';
export type {
  ListedMachine,
  MachineListing,
  MachineState,
} from './application/open-machine/list-machines.js';
export type { OpenMachine, RunStepInput } from './application/open-machine/open-machine.js';
export type { MachineCallOptions, OpenMachineInput } from './application/open-machine/open-machines.js';
export type { StepCallOptions, StepResult } from './application/open-machine/run-step.js';
export type { TransferOptions, UploadOptions } from './application/open-machine/transfer-files.js';
export type { EventPosition, StoredEvent } from './application/records/follow-events.js';
export type { RunListing } from './application/records/list-runs.js';
export type { LogKind } from './application/records/load-logs.js';
export type { RunBundle } from './application/records/load-run-bundle.js';
export type { RunStateFault } from './application/records/run-state-fault.js';
export type {
  PrepareEnd,
  RerunOptions,
  RunTargetInput,
  TargetJobEnd,
  TargetRun,
  TargetSecrets,
} from './application/target/target-run.js';
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
  loadSteps,
  type RunStateOptions,
  readArtifact,
  readEvents,
  readLog,
  readStepLog,
  rerun,
} from './composition/run-state.js';
export { type PikaciConfig, type PikaciConfigInput, pikaciConfigSchema } from './domain/config/config.js';
export type { ConfigFault, ConfigProblem } from './domain/config/config-fault.js';
export { type LogEvent, type PikaciEvent, type WireEvent, wireEventSchema } from './domain/events/event.js';
export { type RunEvent, runEventSchema } from './domain/events/run-event.js';
export type { RunJobStatus, RunStatus } from './domain/events/run-status.js';
export { type ArtifactReport, artifactReportSchema } from './domain/job/artifact.js';
export { buildGuestRequest, type GuestRequest, guestRequestSchema } from './domain/job/guest-request.js';
export {
  type GuestResult,
  type GuestStatus,
  guestResultSchema,
  guestStatusSchema,
} from './domain/job/guest-result.js';
export { type IncusImageIdentity, type JobOutcome, jobOutcomeSchema } from './domain/job/job-outcome.js';
export { type JobRecord, jobRecordSchema } from './domain/job/job-record.js';
export { type JobSpec, type JobSpecInput, jobSpecSchema } from './domain/job/job-spec.js';
export { type JobStepRecord, jobStepRecordSchema } from './domain/job/step-record.js';
export { incusInstanceName } from './domain/machine/incus-instance-name.js';
export {
  type MachineStep,
  type MachineStepInput,
  machineStepSchema,
  type OpenMachineSpec,
  type OpenMachineSpecInput,
  openMachineSpecSchema,
} from './domain/machine/open-machine-spec.js';
export { type Phase, type PhaseTiming, phaseTimingSchema } from './domain/machine/phase.js';
export { type RemoteLayout, remoteLayout } from './domain/machine/remote-layout.js';
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
} from './domain/machine/remote-linux-vm-context.js';
export { declaredPayloadMountDeviceName } from './domain/mounts/mount-device-name.js';
export { type DeclaredMounts, type PlannedMount, planDeclaredMounts } from './domain/mounts/mount-plan.js';
export {
  PAYLOAD_MANIFEST_PATH,
  type PayloadManifest,
  type PayloadMountRecord,
  payloadManifestSchema,
} from './domain/mounts/payload-manifest.js';
export {
  type PayloadMountFault,
  type ValidatedPayloadMount,
  validatePayloadMount,
  validatePayloadMounts,
} from './domain/mounts/payload-mount-rules.js';
export { snapshotMountRecord } from './domain/mounts/snapshot-mount.js';
export { junitReport } from './domain/records/junit-report.js';
export {
  type JobLogMetadata,
  type RunLogs,
  type RunLogsMetadata,
  runLogsMetadataSchema,
  runLogsSchema,
} from './domain/records/logs-metadata.js';
export {
  type MachineRecord,
  machineRecordSchema,
  type StepOutcome,
  type StepRecord,
  stepOutcomeSchema,
  stepRecordSchema,
} from './domain/records/machine-record.js';
export { type PlanNodeRecord, type PlanRecord, planRecordSchema } from './domain/records/plan-record.js';
export {
  type PreparedOutputExposure,
  type PreparedOutputsRecord,
  preparedOutputsRecordSchema,
  type RealizedPreparedOutput,
} from './domain/records/prepared-outputs-record.js';
export {
  type JobStateLayout,
  jobStateLayout,
  type RunStateLayout,
  runStateLayout,
} from './domain/records/run-layout.js';
export {
  type PrepareTiming,
  type RemoteLinuxVmExecution,
  type RunJobRecord,
  type RunRecord,
  runRecordSchema,
} from './domain/records/run-record.js';
export {
  type FulfilmentRequest,
  type FulfilmentResult,
  fulfilmentRequestSchema,
  fulfilmentResultSchema,
} from './domain/target/fulfilment.js';
export type { KeptEntry, KeptKind, RetentionBounds } from './domain/target/retention.js';
export {
  type TargetConfig,
  type TargetConfigInput,
  targetConfigSchema,
} from './domain/target/target-config.js';
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
