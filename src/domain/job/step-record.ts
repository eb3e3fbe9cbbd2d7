import { z } from 'zod';

/** What the supervisor has to say about a step that went on all the same; what is not of this kind is left out. */
export const guestWarnings = z
  .array(
    z
      .string()
      .max(500)
      .regex(/^\P{Cc}*$/u),
  )
  .max(30)
  .optional()
  .catch(undefined);

const position = z.number().int().nonnegative().nullable();

/** Where a step stands, as its supervisor says it. Positions are bytes of the guest's own log. */
export const guestStepSchema = z.looseObject({
  id: z.string().max(63),
  state: z.enum(['running', 'passed', 'failed', 'cancelled', 'skipped']),
  /** 128 + N after signal N, 124 after a timeout; null when it did not run to an end. */
  exit_code: z.number().int().nullable(),
  cause: z.enum(['exit', 'oom', 'disk_full', 'timeout', 'cancelled', 'setup', 'skipped']).nullable(),
  started_at: z.string().max(64).nullable(),
  finished_at: z.string().max(64).nullable(),
  log_start: position,
  log_end: position,
  /** Such as lines of its `PIKACI_ENV` that were ignored; of steps that have ended. */
  warnings: guestWarnings,
});
/** A step as the supervisor says it stands. Positions are bytes of its own log; they are null before it begins and ends. */
export type GuestStep = z.infer<typeof guestStepSchema>;

/** The steps in a supervisor's answer: those that have begun or were skipped, in order. */
export const guestStepsSchema = z.array(guestStepSchema).max(100);

/** A step of a job as it is recorded. Positions are bytes of the kept `guest.log`. */
export const jobStepRecordSchema = z.looseObject({
  id: z.string(),
  name: z.string(),
  /** It failed, and the job went on as if it had passed (`continueOnError`). */
  tolerated: z.boolean().optional(),
  /** `failed` with the cause `lost` when the job ended without an exit record of this step. */
  status: z.enum(['running', 'passed', 'failed', 'cancelled', 'skipped']),
  cause: z.enum(['exit', 'oom', 'disk_full', 'timeout', 'cancelled', 'setup', 'skipped', 'lost']).nullable(),
  exit_code: z.number().int().nullable(),
  started_at: z.string().nullable(),
  finished_at: z.string().nullable(),
  log_start: position,
  log_end: position,
  /** Why it was skipped, for people; of those alone. */
  reason: z.string().optional(),
});
/** A step of a job as it is recorded. Positions are bytes of the kept `guest.log`; times are ISO 8601. */
export type JobStepRecord = z.infer<typeof jobStepRecordSchema>;

/** `jobs/<job>/steps.json`: the steps of a job that has begun, those that came to their turn. Jobs of one command do not have it. */
export const stepsFileSchema = z.looseObject({
  schema_version: z.literal(1),
  steps: z.array(jobStepRecordSchema),
});
