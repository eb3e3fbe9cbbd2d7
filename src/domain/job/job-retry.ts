import { z } from 'zod';

/** Why a job is tried again; `docs/operations.md` has the table. */
const retryCauseSchema = z.enum(['host', 'lost', 'oom', 'quota', 'failed']);
export type RetryCause = z.infer<typeof retryCauseSchema>;

/** Seconds between two attempts, whatever the backoff grows to. */
const LONGEST_WAIT_SECS = 3600;

/** `{max, when, backoffSecs}`: another attempt in a fresh machine. */
export const jobRetrySchema = z.strictObject({
  /** Attempts after the first. */
  max: z.number().int().min(1).max(10),
  /** A job that failed by its exit code is not tried again unless this has `failed`. */
  when: z.array(retryCauseSchema).min(1).default(['host', 'lost', 'oom', 'quota']),
  /** Before the second attempt; twice as long before each one more, and an hour at most. Seconds. */
  backoffSecs: z.number().int().nonnegative().max(LONGEST_WAIT_SECS).default(5),
});
export type JobRetry = z.infer<typeof jobRetrySchema>;

/** How long is waited after this attempt, in milliseconds. */
export function waitAfter(attempt: number, { backoffSecs }: Pick<JobRetry, 'backoffSecs'>): number {
  return Math.min(backoffSecs * 2 ** (attempt - 1), LONGEST_WAIT_SECS) * 1000;
}

/** An attempt of a job that has ended, and was followed by another. Times are ISO 8601. */
export const jobAttemptSchema = z.looseObject({
  /** From 1. */
  attempt: z.number().int().positive(),
  /** `failed`: the job did. `faulted`: a system failure, and the job has no result. */
  status: z.enum(['failed', 'faulted']),
  /** That of the outcome, or the kind of the fault. */
  cause: z.string(),
  exit_code: z.number().int().nullable(),
  message: z.string(),
  /** For which of `retry.when` it was followed by another. */
  retried_for: retryCauseSchema,
  started_at: z.string(),
  finished_at: z.string(),
  /** Absolute, on the machine of the runner; readers that serve files take the layout instead. */
  host_log_path: z.string(),
  guest_log_path: z.string(),
});
/** An attempt of a job that was followed by another: how it ended, and where its logs are. */
export type JobAttempt = z.infer<typeof jobAttemptSchema>;

/** In the records of a job; left out for the first attempt. */
export const attemptsShape = {
  /** Which attempt it is, from 1; left out for the first. */
  attempt: z.number().int().positive().optional(),
  /** Those before it, the first one first. */
  earlier_attempts: z.array(jobAttemptSchema).optional(),
};

/** The job's part of a record from its attempt on. */
export function attemptsOf(
  attempt: number,
  earlier: readonly JobAttempt[],
): { attempt?: number; earlier_attempts?: JobAttempt[] } {
  return attempt === 1 ? {} : { attempt, earlier_attempts: [...earlier] };
}

/** `attempt 1 failed (exit code 1)`. */
export function attemptText({
  attempt,
  status,
  cause,
  exit_code: code,
}: Pick<JobAttempt, 'attempt' | 'status' | 'cause' | 'exit_code'>): string {
  if (status === 'faulted') return `attempt ${attempt} had no result (${cause.replaceAll('_', ' ')})`;
  const why = cause === 'exit' && code !== null ? `exit code ${code}` : cause.replaceAll('_', ' ');
  return `attempt ${attempt} failed (${why})`;
}
