import { z } from 'zod';
import { jobOutcomeSchema } from '../job/job-outcome.js';
import { jobSummarySchema, prepareFaultSchema } from './run-finished.js';

/** The one document of `pikaci run --output json` and `pikaci attach --output json`. */
export const runReportSchema = z.looseObject({
  type: z.literal('run_report'),
  schema_version: z.literal(1),
  run_id: z.string(),
  /** `user@host:port`, or `local`. */
  host: z.string(),
  /** Null when a job was attached to. */
  target: z.string().nullable(),
  started_at: z.string(),
  finished_at: z.string(),
  /** Exit status of the pikaci process. */
  exit_code: z.number().int(),
  jobs: z.array(jobSummarySchema.extend({ outcome: jobOutcomeSchema.nullable() })),
  prepare_faults: z.array(prepareFaultSchema).default([]),
});
export type RunReport = z.infer<typeof runReportSchema>;
