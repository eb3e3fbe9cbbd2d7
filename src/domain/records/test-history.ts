import { z } from 'zod';

const count = z.number().int().nonnegative();

/** What became of one test in several runs. */
export const testOverRunsSchema = z.looseObject({
  job_id: z.string(),
  suite: z.string(),
  name: z.string(),
  /** How often it is in a report; of a test that one run has twice, twice. */
  seen: count,
  passed: count,
  failed: count,
  skipped: count,
  /** It passed when it was repeated in one run, or has passed and failed in runs of one commit without changes. */
  flaky: z.boolean(),
  last_status: z.enum(['passed', 'failed', 'error', 'skipped']),
  last_run_id: z.string(),
  /** Null when it failed in none of them. */
  last_failed_run_id: z.string().nullable(),
  /** Milliseconds; null where no report says it. */
  mean_time_ms: z.number().nonnegative().nullable(),
});
/** What became of one test in several runs. Times in milliseconds. */
export type TestOverRuns = z.infer<typeof testOverRunsSchema>;

/** What became of the tests of a state root. */
export interface TestHistory {
  /** How many runs with reports of tests were looked at. */
  readonly runs: number;
  /** Those that are flaky first, then those that failed most often. */
  readonly tests: readonly TestOverRuns[];
  /** What of it could not be read. */
  readonly damaged: readonly string[];
}

/** What `pikaci tests --output json` prints. */
export const testHistoryDocumentSchema = z.looseObject({
  type: z.literal('test_history'),
  schema_version: z.literal(1),
  runs: count,
  tests: z.array(testOverRunsSchema),
  /** How many `--limit` left out; left out when that is none. */
  more: count.optional(),
});
/** The document of `pikaci tests --output json`. */
export type TestHistoryDocument = z.infer<typeof testHistoryDocumentSchema>;
