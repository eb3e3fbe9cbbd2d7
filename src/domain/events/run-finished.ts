import { z } from 'zod';
import { jobOutcomeSchema } from '../job/job-outcome.js';
import { attemptsShape } from '../job/job-retry.js';
import { phaseSchema } from '../machine/phase.js';
import { allowanceShape, standingShape } from '../values/node-condition.js';

/** The system failure, for readers of `--output json` and `jsonl`. */
const wireFaultSchema = z.looseObject({
  /** A kind of `JobFault`. */
  kind: z.string(),
  phase: phaseSchema.nullable(),
  host: z.string(),
  message: z.string(),
  /** Path of the offending value, or null. */
  field: z.string().nullable(),
  /** As the port that met it reported it, or null. */
  cause: z.looseObject({ kind: z.string(), message: z.string() }).nullable(),
});
export type WireFault = z.infer<typeof wireFaultSchema>;

/** How one job of a run ended, as the command line saw it. */
export const jobSummarySchema = z.looseObject({
  job_id: z.string(),
  /** `faulted`: a system failure, or what was asked for was refused. `skipped`: what it depends on did not pass, or the run had nothing to do. `not_started`: the run was interrupted first. `abandoned`: left behind by a second interrupt. */
  status: z.enum([
    ...jobOutcomeSchema.shape.status.options,
    'faulted',
    'skipped',
    'not_started',
    'abandoned',
  ]),
  ...standingShape,
  /** It has ended so in this run, which is repeated. */
  taken_over_from: z.string().optional(),
  cause: jobOutcomeSchema.shape.cause.nullable(),
  /** The job's own; null when there is no exit record. */
  exit_code: z.number().int().nullable(),
  message: z.string(),
  ...attemptsShape,
  /** Absolute paths on the runner, null when there is no outcome. */
  guest_log: z.string().nullable(),
  artifacts_dir: z.string().nullable(),
  fault: wireFaultSchema.nullable(),
  /** The machine that was left behind, where it is known; it may still run. */
  machine: z.string().optional(),
});
export type JobSummary = z.infer<typeof jobSummarySchema>;

/** A prepare node of a run that failed. */
export const prepareFaultSchema = z.looseObject({
  node_id: z.string(),
  ...allowanceShape,
  fault: wireFaultSchema,
});

/** The last line of `--output jsonl`. `exit_code` is the exit status of the pikaci process. */
export const runFinishedSchema = z.looseObject({
  type: z.literal('run_finished'),
  schema_version: z.literal(1),
  at: z.string(),
  run_id: z.string(),
  exit_code: z.number().int(),
  jobs: z.array(jobSummarySchema),
  prepare_faults: z.array(prepareFaultSchema).default([]),
});
export type RunFinished = z.infer<typeof runFinishedSchema>;
