import { z } from 'zod';

const count = z.number().int().nonnegative();
const milliseconds = z.number().nonnegative();

/** Bounds of what a record says of tests: named failures, named slow ones. */
export const MOST_FAILURES = 200;
export const MOST_SLOWEST = 10;
/** Characters of a name, and of a failure's message. */
export const LONGEST_NAME = 500;
export const LONGEST_MESSAGE = 2000;

const testNameShape = {
  /** The class of the test, or else the suite that it stands in. */
  suite: z.string(),
  name: z.string(),
};

/** A test of a report that has not passed. */
export const failedTestSchema = z.looseObject({
  ...testNameShape,
  /** `failed`: what it looked at was not as it should be. `error`: it came to no end of its own. */
  status: z.enum(['failed', 'error']),
  /** Its first 2000 characters. */
  message: z.string(),
  /** Where it failed, where the report or the message says so; relative to the workspace where it lies there. */
  file: z.string().optional(),
  line: z.number().int().positive().optional(),
  time_ms: milliseconds.optional(),
});
/** A test that has not passed, and where. Times in milliseconds. */
export type FailedTest = z.infer<typeof failedTestSchema>;

/** What the reports of a job say of its tests. */
export const testReportSchema = z.looseObject({
  /** Report files that were read whole. */
  files: count,
  tests: count,
  passed: count,
  /** Of those that have not passed: with those that came to no end. */
  failed: count,
  skipped: count,
  /** Failed at first, and passed when they were repeated in the same run; they are among `passed`. */
  flaky: count,
  /** Of all tests, one after the other. */
  time_ms: milliseconds,
  /** At most 200. */
  failures: z.array(failedTestSchema),
  /** At most 10, the slowest first. */
  slowest: z.array(z.looseObject({ ...testNameShape, time_ms: milliseconds })),
  /** Patterns that matched no file; left out when there is none. */
  unmatched: z.array(z.string()).optional(),
  /** Report files that could not be read, or not whole; left out when there is none. */
  unread: count.optional(),
  /** Why they could not; at most 20. Their tests are counted as far as they were read. */
  problems: z.array(z.looseObject({ path: z.string(), message: z.string() })).optional(),
});
/** What the reports of a job say of its tests: counts, the failures by name and place, the slowest. Times in milliseconds. */
export type TestReport = z.infer<typeof testReportSchema>;

/** The same without names and texts: what the record of a run takes of each of its jobs, however many there are. */
export function testSums({ unmatched: _, problems: __, ...report }: TestReport): TestReport {
  return { ...report, failures: [], slowest: [] };
}

/** `312 tests: 1 failed, 310 passed, 1 skipped`; what is none is left out. Behind it how many files are not in it. */
export function testCounts({ tests, passed, failed, skipped, flaky, ...report }: TestReport): string {
  if (tests === 0) return `no tests${unreadMark(report)}`;
  const retried = flaky === 0 ? '' : ` (${flaky} when repeated)`;
  const parts = [
    failed === 0 ? '' : `${failed} failed`,
    passed === 0 ? '' : `${passed} passed${retried}`,
    skipped === 0 ? '' : `${skipped} skipped`,
  ];
  return `${tests === 1 ? '1 test' : `${tests} tests`}: ${parts.filter((part) => part !== '').join(', ')}${unreadMark(report)}`;
}

/** ` ⚠ 1 report not read whole`, beside a count that is not of all reports; else empty. */
export function unreadMark({ unread = 0 }: { readonly unread?: number | undefined }): string {
  return unread === 0 ? '' : ` \u26a0 ${unread} ${unread === 1 ? 'report' : 'reports'} not read whole`;
}

/** `suite › name`, and the name alone where it says it all. */
export function testTitle({ suite, name }: Pick<FailedTest, 'suite' | 'name'>): string {
  const saysIt = name.startsWith(suite) && !/^\w/.test(name.slice(suite.length));
  return suite === '' || saysIt ? name : `${suite} › ${name}`;
}

/** `src/a.test.ts:12`; empty where it is not known. */
export function testPlace({ file, line }: Pick<FailedTest, 'file' | 'line'>): string {
  if (file === undefined) return '';
  return line === undefined ? file : `${file}:${line}`;
}

/** What of the reports could not be had, one text each. */
export function reportProblems({
  problems = [],
  unmatched = [],
}: Pick<TestReport, 'problems' | 'unmatched'>): readonly string[] {
  return [
    ...problems.map(({ path, message }) => `the report ${path} could not be read whole: ${message}`),
    ...unmatched.map((pattern) => `no report matches ${JSON.stringify(pattern)}`),
  ];
}
