import { z } from 'zod';

const versioned = { schema_version: z.literal(1) };

/** A line of `pikaci pool status --output jsonl`, and an entry of the document. Times are ISO 8601, by the host's clock. */
export const waitingMachineDocumentSchema = z.looseObject({
  type: z.literal('waiting_machine'),
  ...versioned,
  instance_name: z.string(),
  /** Which pool it is of: machines of other configurations wait in the same project. */
  pool: z.string(),
  is_up: z.boolean(),
  created_at: z.string(),
  /** When it goes, if no job has taken it. */
  ends_at: z.string(),
  /** Of the image that it is made from, or its template is; null when the daemon does not say. */
  image_fingerprint: z.string().nullable(),
  /** The template that it is a copy of; null for a machine of an image. Name and key are empty where it is gone. */
  template: z.looseObject({ name: z.string(), key: z.string(), instance_name: z.string() }).nullable(),
  /** Why the next who fills the pool replaces it; null where it stays, or is of another pool. */
  replaced_because: z.string().nullable(),
});
export type WaitingMachineDocument = z.infer<typeof waitingMachineDocumentSchema>;

/** What `pikaci pool status --output json` prints. */
export const poolStatusDocumentSchema = z.looseObject({
  type: z.literal('pool_status'),
  ...versioned,
  host: z.string(),
  /** That of the configuration; null where it has none. */
  pool: z.string().nullable(),
  /** How many are to wait in it. */
  size: z.number(),
  waiting: z.array(waitingMachineDocumentSchema),
  /** Why no machine can be made for the pool as it is configured; null where it can, as far as is seen without making one. */
  problem: z.string().nullable(),
});
export type PoolStatusDocument = z.infer<typeof poolStatusDocumentSchema>;
