import { z } from 'zod';
import { phaseTimingSchema } from '../machine/phase.js';
import { artifactReportSchema } from './artifact.js';
import { jobCacheReportSchema } from './cache-report.js';
import { coverageReportSchema } from './coverage-report.js';
import { attemptsShape } from './job-retry.js';
import { serviceReportSchema } from './service-record.js';
import { jobStepRecordSchema } from './step-record.js';
import { testReportSchema } from './test-report.js';

/** Which image a machine was made from. */
export const incusImageIdentitySchema = z.looseObject({
  project: z.string(),
  alias: z.string(),
  fingerprint: z.string(),
});
/** The image that a machine was made from: its alias, and the fingerprint that this stood for. */
export type IncusImageIdentity = z.infer<typeof incusImageIdentitySchema>;

/** How a machine was had where machines wait: one of these (`warm`), or one that was made (`cold`), and why. */
export const machineAcquiredSchema = z.looseObject({
  from: z.enum(['warm', 'cold']),
  reason: z.string().optional(),
});
/** Whether a machine had waited for its job, or was made for it, and why that. */
export type MachineAcquired = z.infer<typeof machineAcquiredSchema>;

/**
 * How a job ended.
 * - `passed`: an exit record says 0. `failed`: an exit record says otherwise, or there is none (`lost`): nothing is invented.
 *   The causes `oom` and `disk_full` are those of a command that failed by itself, with what it was short of.
 *   `services`: one of its services was not ready in time, and the job was not begun.
 * - `cancelled`: the caller's signal ended it. `detached`: the caller left it running; `attach` takes it up.
 */
export const jobOutcomeSchema = z.looseObject({
  schema_version: z.literal(1),
  run_id: z.string(),
  job_id: z.string(),
  status: z.enum(['passed', 'failed', 'cancelled', 'detached']),
  cause: z.enum([
    'exit',
    'oom',
    'disk_full',
    'timeout',
    'cancelled',
    'detached',
    'lost',
    'invalid_request',
    'setup',
    'artifacts',
    'services',
  ]),
  exit_code: z.number().int().nullable(),
  message: z.string(),
  started_at: z.string(),
  finished_at: z.string(),
  phases: z.array(phaseTimingSchema),
  /** Bytes of the guest's log as the guest wrote it, and as it was kept (masked and capped). */
  log_bytes: z.number().int().nonnegative(),
  kept_log_bytes: z.number().int().nonnegative(),
  /** Whether the kept log ends at its cap (`maxLogBytes`), and the guest wrote more. Outcomes of before 0.2 lack it. */
  log_cut: z.boolean().optional(),
  artifacts: artifactReportSchema,
  incus_image: incusImageIdentitySchema.nullable(),
  ...attemptsShape,
  /** Left out where no machines wait. */
  acquired: machineAcquiredSchema.optional(),
  /** Of a job that has some, in order; those that were not reached are `skipped`. Left running, it has those that came to their turn. */
  steps: z.array(jobStepRecordSchema).optional(),
  /** Of a job that has some. */
  caches: z.array(jobCacheReportSchema).optional(),
  /** Of a job that has some, as they were when it had ended. */
  services: z.array(serviceReportSchema).optional(),
  /** Of a job that has reports of tests. */
  test_report: testReportSchema.optional(),
  /** Of a job that has reports of coverage. */
  coverage_report: coverageReportSchema.optional(),
});
/** How a job ended, with its phases, its artifacts and, where it has some, its steps. Times are ISO 8601, sizes in bytes. */
export type JobOutcome = z.infer<typeof jobOutcomeSchema>;
