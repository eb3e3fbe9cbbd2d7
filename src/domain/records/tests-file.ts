import { z } from 'zod';

const testShape = {
  suite: z.string(),
  name: z.string(),
  status: z.enum(['passed', 'failed', 'error', 'skipped']),
  time_ms: z.number().nonnegative().optional(),
  /** Passed when it was repeated. */
  flaky: z.literal(true).optional(),
};
const recordedTestSchema = z.looseObject(testShape);
/** One test of a job's reports. Times in milliseconds. */
export type RecordedTest = z.infer<typeof recordedTestSchema>;

/** Bytes of JSON that the tests of one job may take: a record is read back up to 16 MiB. */
export const TESTS_BYTES = 12 * 1024 * 1024;

/** `jobs/<job>/tests.json`: every test that the reports of a job have, for the history of each. */
export const testsFileSchema = z.looseObject({
  schema_version: z.literal(1),
  tests: z.array(recordedTestSchema),
  /** How many there were beyond what a record takes. */
  left_out: z.number().int().nonnegative(),
});
export type TestsFile = z.infer<typeof testsFileSchema>;
