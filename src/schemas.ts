/**
 * The formats of pikaci as zod schemas, each with the type that it checks, and the configuration as a JSON Schema.
 *
 * @packageDocumentation
 */

export { type PikaciConfig, type PikaciConfigInput, pikaciConfigSchema } from './domain/config/config.js';
export { configJsonSchema } from './domain/config/config-json-schema.js';
export { type LogEvent, type PikaciEvent, type WireEvent, wireEventSchema } from './domain/events/event.js';
export { type RunEvent, runEventSchema } from './domain/events/run-event.js';
export { type ArtifactReport, artifactReportSchema } from './domain/job/artifact.js';
export { type JobCacheReport, jobCacheReportSchema } from './domain/job/cache-report.js';
export { type CoverageReport, coverageReportSchema } from './domain/job/coverage-report.js';
export { type GuestRequest, guestRequestSchema } from './domain/job/guest-request.js';
export {
  type GuestResult,
  type GuestStatus,
  guestResultSchema,
  guestStatusSchema,
} from './domain/job/guest-result.js';
export {
  type IncusImageIdentity,
  type JobOutcome,
  jobOutcomeSchema,
  type MachineAcquired,
  machineAcquiredSchema,
} from './domain/job/job-outcome.js';
export { type JobRecord, jobRecordSchema } from './domain/job/job-record.js';
export { type JobAttempt, jobAttemptSchema, jobRetrySchema } from './domain/job/job-retry.js';
export { type JobSpec, type JobSpecInput, jobSpecSchema } from './domain/job/job-spec.js';
export {
  type JobServicesRecord,
  jobServicesRecordSchema,
  type ServiceMachineRecord,
  type ServiceReport,
  serviceMachineRecordSchema,
  serviceReportSchema,
} from './domain/job/service-record.js';
export {
  type GuestStep,
  guestStepSchema,
  type JobStepRecord,
  jobStepRecordSchema,
} from './domain/job/step-record.js';
export {
  type FailedTest,
  failedTestSchema,
  type TestReport,
  testReportSchema,
} from './domain/job/test-report.js';
export {
  type MachineStep,
  type MachineStepInput,
  machineStepSchema,
  type OpenMachineSpec,
  type OpenMachineSpecInput,
  openMachineSpecSchema,
} from './domain/machine/open-machine-spec.js';
export { type Phase, type PhaseTiming, phaseTimingSchema } from './domain/machine/phase.js';
export { type ServiceSpec, serviceSpecSchema } from './domain/machine/service-spec.js';
export {
  type PayloadManifest,
  type PayloadMountRecord,
  payloadManifestSchema,
} from './domain/mounts/payload-manifest.js';
export {
  type HostDocument,
  type HostsDocument,
  hostDocumentSchema,
  hostsDocumentSchema,
} from './domain/records/host-documents.js';
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
export { type PoolRecord, poolRecordSchema } from './domain/records/pool-record.js';
export {
  type PreparedOutputExposure,
  type PreparedOutputsRecord,
  preparedOutputsRecordSchema,
  type RealizedPreparedOutput,
} from './domain/records/prepared-outputs-record.js';
export {
  type PrepareTiming,
  type RemoteLinuxVmExecution,
  type RunJobRecord,
  type RunRecord,
  runRecordSchema,
} from './domain/records/run-record.js';
export { type RunSummary, runSummarySchema } from './domain/records/run-summary.js';
export {
  type TestHistoryDocument,
  type TestOverRuns,
  testHistoryDocumentSchema,
  testOverRunsSchema,
} from './domain/records/test-history.js';
export {
  type FulfilmentRequest,
  type FulfilmentResult,
  fulfilmentRequestSchema,
  fulfilmentResultSchema,
} from './domain/target/fulfilment.js';
export {
  type TargetConfig,
  type TargetConfigInput,
  targetConfigSchema,
} from './domain/target/target-config.js';
