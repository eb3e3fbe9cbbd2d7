import { z } from 'zod';
import { processIdentitySchema } from '../values/process-identity.js';

/** `jobs/<job>/.lock-<n>/holder.json`: the runner that writes a job's state. Empty when it has let go of it. */
export const jobHolderSchema = z.looseObject({
  ...processIdentitySchema.shape,
  schema_version: z.literal(1),
  /** ISO 8601. */
  since: z.string(),
  /** Goes up while the holder lives, for those who cannot look at its process. */
  beat: z.number().int(),
});
export type JobHolder = z.infer<typeof jobHolderSchema>;
