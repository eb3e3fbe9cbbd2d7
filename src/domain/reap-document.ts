import { z } from 'zod';

/** What `pikaci gc --remote --output json` prints. The lists hold instance names. */
export const reapDocumentSchema = z.looseObject({
  type: z.literal('reap_report'),
  schema_version: z.literal(1),
  host: z.string(),
  /** With true, `deleted` are those that would be. */
  dry_run: z.boolean(),
  deleted: z.array(z.string()),
  alive: z.array(z.string()),
  failed: z.array(z.looseObject({ instance: z.string(), message: z.string() })),
});
export type ReapDocument = z.infer<typeof reapDocumentSchema>;
