import { z } from 'zod';

/** What `pikaci gc --remote --output json` prints. `deleted` and `alive` hold instance names. */
export const reapDocumentSchema = z.looseObject({
  type: z.literal('reap_report'),
  schema_version: z.literal(1),
  host: z.string(),
  /** With true, `deleted` and `evicted` are those that would be. */
  dry_run: z.boolean(),
  deleted: z.array(z.string()),
  alive: z.array(z.string()),
  failed: z.array(z.looseObject({ instance: z.string(), message: z.string() })),
  /** Jobs of removed machines of which log, end and artifacts are kept on the host: `pikaci recover` brings them back. */
  kept_jobs: z.array(z.looseObject({ run_id: z.string(), job_id: z.string() })).default([]),
  /** Machines that are gone with what their jobs had left, and why it could not be kept. */
  not_kept: z.array(z.looseObject({ instance: z.string(), message: z.string() })).default([]),
  /** Directories of jobs without a machine, on the host: killed runners had left them. */
  abandoned: z.array(z.string()).default([]),
  /** Why they could not all be looked for. */
  abandoned_failed: z.string().nullable().default(null),
  /** Snapshots and outputs of command nodes that nobody used for too long, or that were too much; the longest unused first. */
  evicted: z.array(
    z.looseObject({
      kind: z.enum(['snapshot', 'prepared_output', 'template', 'cache', 'kept_job', 'run_records']),
      /** On the host; of a template, the name of its instance. */
      path: z.string(),
      bytes: z.number().int().nonnegative(),
      last_used_at: z.iso.datetime(),
    }),
  ),
  /** Sum of what was evicted. */
  freed_bytes: z.number().int().nonnegative(),
  kept_entries: z.number().int().nonnegative(),
  kept_bytes: z.number().int().nonnegative(),
  eviction_failed: z.array(z.looseObject({ path: z.string(), message: z.string() })),
});
export type ReapDocument = z.infer<typeof reapDocumentSchema>;
