import { z } from 'zod';
import { artifactReportSchema } from '../job/artifact.js';
import { jobCacheReportSchema } from '../job/cache-report.js';
import { coverageReportSchema } from '../job/coverage-report.js';
import { jobOutcomeSchema, machineAcquiredSchema } from '../job/job-outcome.js';
import { jobAttemptSchema } from '../job/job-retry.js';
import { jobStepRecordSchema } from '../job/step-record.js';
import { testReportSchema } from '../job/test-report.js';
import { phaseSchema } from '../machine/phase.js';

/** Set on every event; `at` is ISO 8601 from the runner's clock. */
const common = { schema_version: z.literal(1), at: z.string(), run_id: z.string(), job_id: z.string() };

const cache = jobCacheReportSchema.shape;

/** What happens in a run, as it is written to `events` and to `--output jsonl`. Readers must tolerate unknown keys and types. */
export const wireEventSchema = z.discriminatedUnion('type', [
  z.looseObject({
    ...common,
    type: z.literal('job_started'),
    host: z.string(),
    backend: z.enum(['incus', 'microvm']),
    /** Of the cluster, and why this one; left out where none was chosen. */
    member: z.string().optional(),
    placed_because: z.string().optional(),
    /** From 1; left out for the first. */
    attempt: z.number().int().positive().optional(),
  }),
  /** An attempt has ended, and another begins after a wait. Its own `job_finished`, where it had a result, came before. */
  z.looseObject({
    ...common,
    type: z.literal('job_retried'),
    attempt: jobAttemptSchema.shape.attempt,
    status: jobAttemptSchema.shape.status,
    cause: jobAttemptSchema.shape.cause,
    exit_code: jobAttemptSchema.shape.exit_code,
    message: z.string(),
    retried_for: jobAttemptSchema.shape.retried_for,
    wait_ms: z.number().nonnegative(),
  }),
  z.looseObject({ ...common, type: z.literal('phase_started'), phase: phaseSchema }),
  z.looseObject({
    ...common,
    type: z.literal('phase_finished'),
    phase: phaseSchema,
    duration_ms: z.number(),
    ok: z.boolean(),
  }),
  z.looseObject({
    ...common,
    type: z.literal('upload_progress'),
    bytes: z.number(),
    /** As reckoned before; what is sent may turn out a little more or less. */
    total_bytes: z.number(),
  }),
  z.looseObject({
    ...common,
    type: z.literal('instance_created'),
    instance: z.string(),
    /** Where machines wait. */
    acquired: machineAcquiredSchema.optional(),
  }),
  /** What a job has of one of its caches as it begins. */
  z.looseObject({
    ...common,
    type: z.literal('cache_restored'),
    path: cache.path,
    key: cache.key,
    hit: cache.hit,
    restored_key: cache.restored_key,
    bytes: cache.restored_bytes,
    duration_ms: z.number(),
  }),
  /** What became of what a job has left in one of its caches. */
  z.looseObject({
    ...common,
    type: z.literal('cache_saved'),
    path: cache.path,
    key: cache.key,
    saved: cache.saved,
    bytes: cache.saved_bytes,
    duration_ms: z.number(),
  }),
  /** The machine of a service of a job is there. */
  z.looseObject({ ...common, type: z.literal('service_started'), service: z.string(), instance: z.string() }),
  /** From the start of its command. */
  z.looseObject({
    ...common,
    type: z.literal('service_ready'),
    service: z.string(),
    duration_ms: z.number(),
  }),
  /** Before its job has. */
  z.looseObject({
    ...common,
    type: z.literal('service_ended'),
    service: z.string(),
    exit_code: z.number().int().nullable(),
    message: z.string(),
  }),
  /** What the reports of a job say of its tests. */
  z.looseObject({ ...common, type: z.literal('tests_reported'), report: testReportSchema }),
  z.looseObject({ ...common, type: z.literal('coverage_reported'), report: coverageReportSchema }),
  /** Log text; invalid UTF-8 is replaced, and a character is never cut in two. */
  z.looseObject({ ...common, type: z.literal('log'), text: z.string() }),
  /** The kept log has come to its cap (`maxLogBytes`). It ends at this size, in bytes; what the guest writes from here on is not in it. */
  z.looseObject({
    ...common,
    type: z.literal('log_cut'),
    kept_bytes: z.number(),
    max_bytes: z.number(),
  }),
  z.looseObject({
    ...common,
    type: z.literal('connection_lost'),
    log_offset: z.number(),
    message: z.string(),
  }),
  z.looseObject({ ...common, type: z.literal('connection_resumed'), log_offset: z.number() }),
  /** Of a job that has steps. The position is in the kept log. */
  z.looseObject({
    ...common,
    type: z.literal('step_started'),
    step_id: z.string(),
    name: z.string(),
    log_start: z.number(),
  }),
  /** Also of a step that was skipped: that one has no positions, and took no time. */
  z.looseObject({
    ...common,
    type: z.literal('step_finished'),
    step_id: z.string(),
    name: z.string(),
    status: z.enum(['passed', 'failed', 'cancelled', 'skipped']),
    cause: jobStepRecordSchema.shape.cause,
    exit_code: z.number().int().nullable(),
    duration_ms: z.number(),
    log_start: z.number().nullable(),
    log_end: z.number().nullable(),
    reason: jobStepRecordSchema.shape.reason,
  }),
  z.looseObject({ ...common, type: z.literal('warning'), message: z.string() }),
  z.looseObject({ ...common, type: z.literal('artifacts_collected'), artifacts: artifactReportSchema }),
  z.looseObject({
    ...common,
    type: z.literal('job_finished'),
    status: jobOutcomeSchema.shape.status,
    cause: jobOutcomeSchema.shape.cause,
    exit_code: z.number().int().nullable(),
    message: z.string(),
    duration_ms: z.number(),
  }),
  z.looseObject({ ...common, type: z.literal('cleaned_up'), ok: z.boolean(), message: z.string() }),
]);
/** An event of a job, as it is printed by `--output jsonl` and stored in `events.jsonl`. Times are ISO 8601, durations in milliseconds. */
export type WireEvent = z.infer<typeof wireEventSchema>;

/** The guest's log inside the process: raw bytes, already masked. The edge that prints it decodes it. */
export interface LogEvent {
  readonly type: 'log_bytes';
  readonly run_id: string;
  readonly job_id: string;
  readonly data: Uint8Array;
}

/** An event of a job, as an `EventSink` gets it: the log comes as bytes, and not as text. */
export type PikaciEvent = Exclude<WireEvent, { type: 'log' }> | LogEvent;
