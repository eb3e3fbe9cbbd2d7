import {
  type FailedTest,
  MOST_FAILURES,
  MOST_SLOWEST,
  type TestReport,
} from '../../domain/job/test-report.js';
import type { TestCase } from './read-junit.js';
import { type FilesRead, whereAny } from './report-files.js';

/** Counts tests, and keeps the names that a record takes, in bounded space. */
export class TestTally {
  readonly #counts = { tests: 0, passed: 0, failed: 0, skipped: 0, flaky: 0, time_ms: 0 };
  readonly #failures: FailedTest[] = [];
  #slowest: TestReport['slowest'] = [];

  readonly count = (test: TestCase): void => {
    const counts = this.#counts;
    counts.tests++;
    if (test.isFlaky) counts.flaky++;
    counts.time_ms += test.timeMs ?? 0;
    if (test.status === 'error' || test.status === 'failed') {
      counts.failed++;
      if (this.#failures.length < MOST_FAILURES) this.#failures.push(failedTest(test, test.status));
    } else counts[test.status]++;
    this.#consider(test);
  };

  report({
    files,
    unread,
    problems,
    unmatched,
  }: FilesRead & { readonly unmatched: readonly string[] }): TestReport {
    return {
      files,
      ...this.#counts,
      time_ms: Math.round(this.#counts.time_ms),
      failures: this.#failures,
      slowest: this.#slowest,
      ...(unread === 0 ? {} : { unread }),
      ...whereAny('unmatched', unmatched),
      ...whereAny('problems', problems),
    };
  }

  #consider({ suite, name, timeMs }: TestCase): void {
    if (timeMs === null || timeMs === 0) return;
    const least = this.#slowest.at(-1);
    if (this.#slowest.length === MOST_SLOWEST && least !== undefined && timeMs <= least.time_ms) return;
    this.#slowest = [...this.#slowest, { suite, name, time_ms: timeMs }]
      .sort((a, b) => b.time_ms - a.time_ms)
      .slice(0, MOST_SLOWEST);
  }
}

function failedTest(
  { suite, name, message, file, line, timeMs }: TestCase,
  status: FailedTest['status'],
): FailedTest {
  return {
    suite,
    name,
    status,
    message,
    ...(file === null ? {} : { file }),
    ...(line === null ? {} : { line }),
    ...(timeMs === null ? {} : { time_ms: timeMs }),
  };
}
