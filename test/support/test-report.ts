import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CoverageReport } from '../../src/domain/job/coverage-report.js';
import type { TestReport } from '../../src/domain/job/test-report.js';
import { jobRecord } from './job-record.js';

/** Of tests whose names and messages want something with whoever shows them. */
export const HOSTILE_TEST = `"'><script>alert(1)</script>\u202e\x1b[2J`;

export const TEST_REPORT: TestReport = {
  ...{ files: 1, tests: 26, passed: 2, failed: 23, skipped: 1, flaky: 1, time_ms: 1500 },
  failures: [
    {
      suite: 's',
      name: HOSTILE_TEST,
      status: 'failed',
      message: `one\n\n${HOSTILE_TEST}\nthree\nfour`,
      file: 'a.ts',
      line: 3,
    },
    ...Array.from({ length: 21 }, (_, index) => ({
      ...{ suite: '', name: `other ${index}`, status: 'error' as const, message: '' },
    })),
  ],
  slowest: [{ suite: 's', name: 'slow', time_ms: 1200 }],
  unread: 1,
  unmatched: ['**/x.xml'],
  problems: [{ path: 'b.xml', message: 'Unclosed root tag (line 1)' }],
};

export const COVERAGE_REPORT: CoverageReport = {
  ...{ files: 1, lines_covered: 813, lines_total: 1000 },
  unmatched: ['*.info'],
};

/** Writes the own record of a run's job `unit` that has these reports. */
export async function writeReports(runDir: string): Promise<void> {
  const { outcome, ...record } = jobRecord({}, []);
  const reports = { test_report: TEST_REPORT, coverage_report: COVERAGE_REPORT };
  const whole = { ...record, outcome: outcome === null ? null : { ...outcome, ...reports } };
  await writeFile(join(runDir, 'jobs/unit/job.json'), JSON.stringify(whole));
}
