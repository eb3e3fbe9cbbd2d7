import {
  type FailedTest,
  MOST_FAILURES,
  MOST_PROBLEMS,
  MOST_SLOWEST,
  type TestReport,
} from '../../domain/job/test-report.js';
import type { TestCase } from './read-junit.js';

/** Counts tests, and keeps the names that a record takes, in bounded space. */
export class TestTally {
  readonly #counts = { tests: 0, passed: 0, failed: 0, skipped: 0, flaky: 0, time_ms: 0 };
  readonly #failures: FailedTest[] = [];
  readonly #problems: { path: string; message: string }[] = [];
  #slowest: TestReport['slowest'] = [];
  #files = 0;

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

  readWhole(): void {
    this.#files++;
  }

  problem(path: string, message: string): void {
    if (this.#problems.length < MOST_PROBLEMS) this.#problems.push({ path, message });
  }

  report(unmatched: readonly string[]): TestReport {
    return {
      files: this.#files,
      ...this.#counts,
      time_ms: Math.round(this.#counts.time_ms),
      failures: this.#failures,
      slowest: this.#slowest,
      ...(unmatched.length === 0 ? {} : { unmatched: [...unmatched] }),
      ...(this.#problems.length === 0 ? {} : { problems: this.#problems }),
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
