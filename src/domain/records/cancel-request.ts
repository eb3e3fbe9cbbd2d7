import { z } from 'zod';

/** `cancel.json` of a run that somebody asks to end, until its runner has seen it. Times are ISO 8601, by the clock of who asks. */
export const cancelRequestSchema = z.looseObject({
  asked_at: z.iso.datetime(),
  /** Who asks, in a few words for people. */
  by: z.string().min(1).max(200),
  /** Tells it from what others ask. */
  id: z.string().optional(),
});
export type CancelRequest = z.infer<typeof cancelRequestSchema>;
