/**
 * pikaci for programs: {@link createPikaci} makes a {@link Pikaci} for one host, which runs jobs and targets, attaches to them, opens
 * machines, and answers with a fault of a known kind on a system failure. What `pikaci/records` and `pikaci/schemas` have, this
 * has too.
 *
 * @packageDocumentation
 */
export type {
  JobCallOptions,
  JobRun,
  OnAbort,
  Pikaci,
  ReapOptions,
  RunJobInput,
} from './application/api/pikaci.js';
export type { DoctorOptions } from './application/doctor/doctor.js';
export type { DoctorCheck, DoctorReport } from './application/doctor/doctor-report.js';
export type { FaultCause, JobFault } from './application/faults/job-fault.js';
export type { MachineFault, OpenMachineFault } from './application/faults/machine-fault.js';
export type { EvictionReport } from './application/gc/eviction-report.js';
export type { ListedCache, RemoveCacheOptions } from './application/gc/host-caches.js';
export type { ReapReport } from './application/gc/reap-report.js';
export type { JobCommand, JobFork } from './application/job/fork-job.js';
export type { GuestShell, GuestShellFault, ShellCall } from './application/machine/guest-shell.js';
export type { PoolChange, PoolStatus, WaitingMachine } from './application/machine/incus/pool-status.js';
export type { PoolOptions } from './application/machine/incus/warm-pool.js';
export type { InheritedNetwork } from './application/machine/inherited/host-network.js';
export type { InheritedFile } from './application/machine/inherited/host-registries.js';
export type {
  ListedMachine,
  MachineListing,
  MachineState,
} from './application/open-machine/list-machines.js';
export type { OpenMachine, RunStepInput } from './application/open-machine/open-machine.js';
export type {
  ForkOptions,
  MachineCallOptions,
  OpenMachineInput,
  OpenOptions,
} from './application/open-machine/open-machine-input.js';
export type {
  AttachStepOptions,
  StepCallOptions,
  StepResult,
} from './application/open-machine/run-step.js';
export type { TransferOptions, UploadOptions } from './application/open-machine/transfer-files.js';
export type { KeptJob } from './application/recover/kept-job.js';
export type { KeptRun } from './application/recover/kept-run.js';
export type { RecoveredJob, RecoverInput, RecoverReport } from './application/recover/recover-jobs.js';
export type {
  PrepareEnd,
  RerunOptions,
  ResumeOptions,
  RunTargetInput,
  TargetJobEnd,
  TargetRun,
  TargetSecrets,
} from './application/target/target-run.js';
export type {
  BuildTemplatesInput,
  BuiltTemplate,
  TargetTemplatesInput,
  TemplateInfo,
} from './application/target/target-templates.js';
export type {
  ExportedTemplate,
  TemplateFileSink,
  TemplateSink,
  TemplateStreamSink,
} from './application/template/export-template.js';
export type {
  ListedTemplate,
  RemoveTemplateOptions,
  TemplateShellCall,
  TemplateTransferOptions,
} from './application/template/host-templates.js';
export type { ImportedTemplate } from './application/template/import-template.js';
export type { Adapters, MemberAdapters } from './composition/adapters.js';
export { type CreatePikaciOptions, createPikaci } from './composition/create-pikaci.js';
export { fulfillPreparedOutputRequest } from './composition/fulfill-prepared-output.js';
export { rerun } from './composition/run-state.js';
export type { ConfigFault, ConfigProblem } from './domain/config/config-fault.js';
export { buildGuestRequest } from './domain/job/guest-request.js';
export type { Certificate } from './domain/machine/certificates.js';
export type { AskedShare, HostShare } from './domain/machine/host-share.js';
export { incusInstanceName } from './domain/machine/incus-instance-name.js';
export type { AlreadyThere, PlacementCandidate, PlacementChoice } from './domain/machine/placement.js';
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
export { PAYLOAD_MANIFEST_PATH } from './domain/mounts/payload-manifest.js';
export {
  type PayloadMountFault,
  type ValidatedPayloadMount,
  validatePayloadMount,
  validatePayloadMounts,
} from './domain/mounts/payload-mount-rules.js';
export { snapshotMountRecord } from './domain/mounts/snapshot-mount.js';
export type { RerunSelection } from './domain/target/rerun-selection.js';
export type { KeptEntry, KeptKind, RetentionBounds } from './domain/target/retention.js';
export type { Clock } from './ports/clock.js';
export type { EntryContent } from './ports/entry-content.js';
export type { EventSink } from './ports/event-sink.js';
export type { DirectoryEntry, FileFault, FileStat, FileStore, FileWriter } from './ports/file-store.js';
export type { HttpAnswer, HttpClient, HttpFault, HttpPost } from './ports/http-client.js';
export type { IncusApi, IncusEvents, IncusExec, IncusImageDownload } from './ports/incus-api.js';
export type * from './ports/incus-cluster-types.js';
export type { IncusFault } from './ports/incus-fault.js';
export type * from './ports/incus-types.js';
export type { LogRange, LogReader } from './ports/log-reader.js';
export type { ExitStatus, OutputChunk } from './ports/output-chunk.js';
export type { Placement, PlacementRequest } from './ports/placement.js';
export type { Processes, ProcessIdentity, ProcessState } from './ports/processes.js';
export type {
  CallOptions,
  Command,
  RemoteShell,
  RunningCommand,
  ShellFault,
  SshArguments,
  TreeDownload,
  TreeTransfer,
  TreeUpload,
} from './ports/remote-shell.js';
export type { SocketDialer } from './ports/socket-dialer.js';
export type { SpanAttributes, SpanBeginning, SpanEnding, Tracer, TraceSpan } from './ports/tracer.js';
export type {
  CheckedOutCommit,
  ScanFault,
  ScanOptions,
  WorkspaceRevision,
  WorkspaceScanner,
  WorkspaceSnapshot,
} from './ports/workspace-scanner.js';
export * from './records.js';
export * from './schemas.js';
