import { z } from 'zod';

const versioned = { schema_version: z.literal(1) };

/** What is kept on a host of a job that no runner collected. Times are ISO 8601, sizes in bytes. */
export const keptJobDocumentSchema = z.looseObject({
  type: z.literal('kept_job'),
  ...versioned,
  /** Of its machine: a UUID. */
  id: z.string(),
  run_id: z.string(),
  job_id: z.string(),
  /** Of the job within its run, from 1. */
  attempt: z.number(),
  target_id: z.string().nullable(),
  git_head: z.string().nullable(),
  git_branch: z.string().nullable(),
  status: z.string(),
  cause: z.string(),
  exit_code: z.number().nullable(),
  created_at: z.string(),
  kept_at: z.string().nullable(),
  /** Of its log and its artifacts. */
  bytes: z.number(),
  /** How many of them there are. */
  artifacts: z.number(),
});
export type KeptJobDocument = z.infer<typeof keptJobDocumentSchema>;

/** What `pikaci recover --output json` prints without a run: the one that was kept last at the front. */
export const keptJobListDocumentSchema = z.looseObject({
  type: z.literal('kept_job_list'),
  ...versioned,
  host: z.string(),
  jobs: z.array(keptJobDocumentSchema),
});
export type KeptJobListDocument = z.infer<typeof keptJobListDocumentSchema>;

/** What `pikaci recover RUN --output json` prints. */
export const recoverDocumentSchema = z.looseObject({
  type: z.literal('recover_report'),
  ...versioned,
  host: z.string(),
  /** With their status and exit code as they are recorded now. */
  recovered: z.array(keptJobDocumentSchema),
  /** Those stay on the host. */
  refused: z.array(z.looseObject({ job: keptJobDocumentSchema, kind: z.string(), message: z.string() })),
});
export type RecoverDocument = z.infer<typeof recoverDocumentSchema>;

/** A run whose records are on a host. Times are ISO 8601. */
export const keptRunDocumentSchema = z.looseObject({
  type: z.literal('kept_run'),
  ...versioned,
  /** By which runs of one id are told from each other there. */
  id: z.string(),
  run_id: z.string(),
  target_id: z.string().nullable(),
  git_head: z.string().nullable(),
  git_branch: z.string().nullable(),
  /** As it was recorded last. */
  status: z.string(),
  created_at: z.string(),
  open_jobs: z.number(),
  jobs: z.number(),
  runner: z.looseObject({ hostname: z.string(), pid: z.number() }).nullable(),
  /** Its runner has given a sign of life of late. */
  lives: z.boolean(),
});

/** What `pikaci resume --output json` prints without a run: the one that was begun last at the front. */
export const keptRunListDocumentSchema = z.looseObject({
  type: z.literal('kept_run_list'),
  ...versioned,
  host: z.string(),
  runs: z.array(keptRunDocumentSchema),
});
export type KeptRunListDocument = z.infer<typeof keptRunListDocumentSchema>;
