import { z } from 'zod';
import { runJobStatusSchema, runStatusSchema } from '../events/run-status.js';

/** What logs a job has, without their text. Paths are absolute on the machine of the state root; sizes in bytes, null where there is no file. */
export const jobLogMetadataSchema = z.looseObject({
  id: z.string(),
  status: runJobStatusSchema,
  host_log_path: z.string(),
  guest_log_path: z.string(),
  host_log_exists: z.boolean(),
  guest_log_exists: z.boolean(),
  host_log_bytes: z.number().int().nonnegative().nullable(),
  guest_log_bytes: z.number().int().nonnegative().nullable(),
  /** Of which attempt they are; left out for the first. */
  attempt: z.number().int().positive().optional(),
  /** True for one that is at its cap (`maxLogBytes`), and ends there: nothing more comes, whatever the job writes. */
  guest_log_cut: z.boolean().optional(),
  /** False for a job that goes on without a runner: its logs stay as they are until somebody attaches. */
  is_written: z.boolean().optional(),
});
/** Where the logs of a job are and how large they are, in bytes. */
export type JobLogMetadata = z.infer<typeof jobLogMetadataSchema>;

/** The logs of a run without their text, job by job. */
export const runLogsMetadataSchema = z.looseObject({
  schema_version: z.literal(1),
  run_id: z.string(),
  status: runStatusSchema,
  jobs: z.array(jobLogMetadataSchema),
});
/** The logs of a run without their text, job by job. */
export type RunLogsMetadata = z.infer<typeof runLogsMetadataSchema>;

/** Log text, invalid UTF-8 replaced. A text is null where it was not asked for or there is no file. */
export const runLogsSchema = z.looseObject({
  schema_version: z.literal(1),
  run_id: z.string(),
  /** Null when the logs of several jobs follow each other, each under a line `==> job <==`. */
  job: z.string().nullable(),
  host: z.string().nullable(),
  guest: z.string().nullable(),
  /** True when the beginning of a log was left out, because it is larger than what was asked for. */
  truncated: z.boolean(),
});
/** The text of the logs of a run. */
export type RunLogs = z.infer<typeof runLogsSchema>;
