import { z } from 'zod';

const versioned = { schema_version: z.literal(1) };

/** A line of `pikaci cache list --output jsonl`, and an entry of the document. Times are ISO 8601, by the host's clock. */
export const cacheDocumentSchema = z.looseObject({
  type: z.literal('cache'),
  ...versioned,
  /** 32 hex digits. */
  id: z.string(),
  key: z.string(),
  /** `trusted`, or `untrusted:` and a branch. */
  scope: z.string(),
  /** Where jobs have it, in the guest. */
  path: z.string(),
  /** What its files took when it was saved. */
  bytes: z.number(),
  made_at: z.string(),
  last_used_at: z.string(),
  in_use: z.boolean(),
});
export type CacheDocument = z.infer<typeof cacheDocumentSchema>;

/** What `pikaci cache list --output json` prints, the one that was used last at the front. */
export const cacheListDocumentSchema = z.looseObject({
  type: z.literal('cache_list'),
  ...versioned,
  host: z.string(),
  caches: z.array(cacheDocumentSchema),
});
export type CacheListDocument = z.infer<typeof cacheListDocumentSchema>;
