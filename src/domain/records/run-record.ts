import { z } from 'zod';
import { runJobStatusSchema, runStatusSchema } from '../events/run-status.js';
import { jobCacheReportSchema } from '../job/cache-report.js';
import { coverageReportSchema } from '../job/coverage-report.js';
import { incusImageIdentitySchema, machineAcquiredSchema } from '../job/job-outcome.js';
import { attemptsShape } from '../job/job-retry.js';
import { jobStepRecordSchema } from '../job/step-record.js';
import { testReportSchema } from '../job/test-report.js';
import { phaseTimingSchema } from '../machine/phase.js';
import { allowanceShape, standingShape } from '../values/node-condition.js';
import { processIdentitySchema } from '../values/process-identity.js';

const orNull = <T extends z.ZodType>(schema: T) => schema.nullable().default(null);

/** Where a job ran, from which image, and how long each phase took. */
export const remoteLinuxVmExecutionSchema = z.looseObject({
  backend: z.enum(['incus', 'microvm']),
  incus_image: orNull(incusImageIdentitySchema.extend({ fingerprint: orNull(z.string()) })),
  phases: z.array(phaseTimingSchema.extend({ ok: z.boolean().default(true) })).default([]),
});
/** Where a job of a run was executed, from which image, and how long each phase took, in milliseconds. */
export type RemoteLinuxVmExecution = z.infer<typeof remoteLinuxVmExecutionSchema>;

/** Of a job or a prepare node that this run has not run: the run in which it ended so. */
const takenOverShape = { taken_over_from: z.string().optional() };

/** How long a prepare node took, also when it failed. Times are ISO 8601, the duration is in milliseconds. */
export const prepareTimingSchema = z.looseObject({
  node_id: z.string(),
  started_at: z.string(),
  finished_at: z.string(),
  duration_ms: z.number().nonnegative(),
  ok: z.boolean().default(true),
  /** How it ended; records of before 0.2.0 have `ok` alone. */
  status: z.enum(['passed', 'failed', 'cancelled']).optional(),
  ...allowanceShape,
  ...takenOverShape,
  /** True when the output of an earlier run was used. */
  cached: z.boolean().default(false),
  /** Why, when it did not pass, with the end of what its command printed. */
  message: orNull(z.string()),
  /** What its command printed, absolute; null when it printed nothing. */
  log_path: z.string().nullable().optional(),
});
/** How long a prepare node took, in milliseconds, and whether there was anything to do. */
export type PrepareTiming = z.infer<typeof prepareTimingSchema>;

/** What the caller of a run asked for beside its plan: what `rerun` asks for again. */
const runOptionsSchema = z.looseObject({
  backend: z.enum(['incus', 'microvm']),
  /** `untrusted`, or left out. */
  trust: z.literal('untrusted').optional(),
  /** Said by the caller; left out, it is the one that is checked out. */
  branch: z.string().optional(),
  fail_fast: z.boolean().optional(),
  parallel: z.number().optional(),
  keep_on_failure_secs: z.number().optional(),
});

export const runJobRecordSchema = z.looseObject({
  id: z.string(),
  description: z.string().default(''),
  status: runJobStatusSchema,
  ...standingShape,
  ...takenOverShape,
  executor: z.string().default('remote_linux_vm'),
  plan_node_id: orNull(z.string()),
  timeout_secs: z.number().nonnegative(),
  /** Absolute, on the machine of the runner; readers that serve files take the layout instead. */
  host_log_path: z.string(),
  guest_log_path: z.string(),
  started_at: orNull(z.string()),
  finished_at: orNull(z.string()),
  exit_code: orNull(z.number().int()),
  ...attemptsShape,
  /** While it waits for another attempt: when that begins. */
  next_attempt_at: z.string().nullable().optional(),
  /** What went wrong, or why the job was skipped; for people. */
  message: orNull(z.string()),
  /** Jobs whose artifacts it mounts; left out when there are none. */
  artifacts_from: z.array(z.string()).optional(),
  /** From the run's start to the job's, in milliseconds: what it waited for preparations and for its turn. */
  pre_execution_prepare_duration_ms: orNull(z.number().nonnegative()),
  remote_linux_vm_execution: orNull(remoteLinuxVmExecutionSchema),
  /** Of a job that has some: those that came to their turn, and all of them once it has ended. `run.json` itself has them once the job has ended. */
  steps: z.array(jobStepRecordSchema).optional(),
  /** Where machines wait, once the job has ended: whether it had one of these, or why not. */
  acquired: machineAcquiredSchema.optional(),
  /** Of a job that has some, once it has ended. */
  caches: z.array(jobCacheReportSchema).optional(),
  /** Of a job that has reports of tests, once it has ended: its sums. The names are in the job's own record. */
  test_report: testReportSchema.optional(),
  /** Of a job that has reports of coverage, once it has ended: its sums. */
  coverage_report: coverageReportSchema.optional(),
});
/** A job as the record of its run has it. Times are ISO 8601; the paths of its logs are absolute. */
export type RunJobRecord = z.infer<typeof runJobRecordSchema>;

/**
 * `runs/<run>/run.json`. It is there, whole, from the first moment of a run. Unknown keys are kept; what records of before
 * 0.1.0 do not have, the version among it, has a default.
 */
export const runRecordSchema = z.looseObject({
  schema_version: z.literal(1).default(1),
  run_id: z.string(),
  status: runStatusSchema,
  /** Id of the run that this one repeats. */
  rerun_of: orNull(z.string()),
  /** 1, and one more for each run that repeats another; left out where it is not known, as in records before 0.2.0. */
  attempt: z.number().int().positive().optional(),
  target_id: orNull(z.string()),
  target_description: orNull(z.string()),
  /** `user@host:port`, or `local`. */
  host: orNull(z.string()),
  /** The workspace, absolute. */
  source_root: z.string(),
  /** On the host. */
  snapshot_dir: orNull(z.string()),
  git_head: orNull(z.string()),
  git_dirty: orNull(z.boolean()),
  git_branch: orNull(z.string()),
  created_at: z.string(),
  finished_at: orNull(z.string()),
  /** The process that runs it, for those who want to know whether that lives. Records of before 0.2.0 do not have it. */
  runner: processIdentitySchema.optional(),
  plan_path: orNull(z.string()),
  prepared_outputs_path: orNull(z.string()),
  /** What the caller said has changed; null when it did not say. */
  changed_files: orNull(z.array(z.string())),
  filters: z.array(z.string()).default([]),
  message: orNull(z.string()),
  /** Records of before 0.2.0 do not have it. */
  options: runOptionsSchema.optional(),
  prepare_timings: z.array(prepareTimingSchema).default([]),
  jobs: z.array(runJobRecordSchema),
});
/** `runs/<run>/run.json`: how a run stands, and its jobs. Times are ISO 8601, durations in milliseconds. */
export type RunRecord = z.infer<typeof runRecordSchema>;
