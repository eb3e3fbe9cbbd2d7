import { z } from 'zod';
import { guestStepsSchema, guestWarnings } from './step-record.js';

/** `/artifacts/result.json`, written once, atomically, by the supervisor. Unknown keys are kept. */
export const guestResultSchema = z.looseObject({
  schema_version: z.literal(1),
  status: z.enum(['passed', 'failed']),
  /** The command's exit code; 128 + N when signal N ended it, 124 after a timeout, null when it never ran. */
  exit_code: z.number().int().nullable(),
  finished_at: z.string(),
  message: z.string().max(65_536).default(''),
  /**
   * Why it ended; `exit` when the command ended by itself. `oom` and `disk_full` are ends of its own, too: it failed, and processes of it had
   * been killed for want of memory, or the disk was full.
   */
  cause: z.enum(['exit', 'oom', 'disk_full', 'timeout', 'cancelled', 'invalid_request', 'setup']).optional(),
  /** Of a job that has some. */
  steps: guestStepsSchema.optional(),
  /** Lines of `PIKACI_ENV` that were ignored, of a step of an open machine; of any, that its log could not be written to its end, or that processes were killed for want of memory. */
  warnings: guestWarnings,
});
/** `result.json`, as the supervisor writes it when a command has ended. Times are ISO 8601. */
export type GuestResult = z.infer<typeof guestResultSchema>;

/** One line of JSON that the supervisor answers `status` with, and that ends every `follow`. */
export const guestStatusSchema = z.looseObject({
  schema_version: z.literal(1),
  state: z.enum(['absent', 'running', 'finished', 'lost']),
  /** Size of `guest.log`; final once the state is `finished`. */
  log_bytes: z.number().int().nonnegative(),
  result: guestResultSchema.nullable(),
  /** Of a job that has some. */
  steps: guestStepsSchema.optional(),
  /** Why the job is `lost`, where that is known; of one that has `finished`, why not all that it left may be there. */
  message: z.string().max(65_536).optional(),
});
/** What the supervisor says of its job: whether it runs, how many bytes its log has, and how it ended. */
export type GuestStatus = z.infer<typeof guestStatusSchema>;
