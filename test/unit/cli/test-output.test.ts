import { join } from 'node:path';
import { expect, test } from 'vitest';
import { RUN_ID, runJobRecord, runRecord, writeRun } from '../../support/recorded-run.js';
import { COVERAGE_REPORT, TEST_REPORT, writeReports } from '../../support/test-report.js';
import { Cli } from './cli-harness.js';

const LINES = [
  '  tests      26 tests: 23 failed, 2 passed (1 when repeated), 1 skipped \u26a0 1 report not read whole, 1.5 s',
  `    ✗ s › "'><script>alert(1)</script>\\u202e\\x1b[2J  a.ts:3`,
  '        one',
  `        "'><script>alert(1)</script>\\u202e\\x1b[2J`,
  '        three',
  ...Array.from({ length: 19 }, (_, index) => `    ✗ other ${index}`),
  '      and 3 more',
  '  warning: the report b.xml could not be read whole: Unclosed root tag (line 1)',
  '  warning: no report matches "**/x.xml"',
  '  coverage   81.3 % of 1000 lines',
  '  warning: no report matches "*.info"',
];

test('what reports say of tests is told once, and in the summary with failures first, of which twenty are named', async () => {
  const cli = new Cli({
    script: async (job) => {
      job.emit({ type: 'tests_reported', report: TEST_REPORT });
      job.emit({ type: 'coverage_reported', report: COVERAGE_REPORT });
      const reports = { test_report: TEST_REPORT, coverage_report: COVERAGE_REPORT };
      return job.end({ status: 'failed', exit_code: 1, ...reports });
    },
  });
  expect(await cli.run('run')).toBe(1);
  expect(cli.stderr.text).toContain(
    '[a] 26 tests: 23 failed, 2 passed (1 when repeated), 1 skipped \u26a0 1 report not read whole\n[a] coverage 81.3 % of 1000 lines\n',
  );
  expect(cli.stderr.text).toContain(`${LINES.join('\n')}\n`);
});

test('status tells the same, from the own record of the job', async () => {
  const cli = new Cli({ files: {} });
  const jobs = [runJobRecord('unit', { status: 'failed', exit_code: 1 })];
  const dir = await writeRun(join(cli.folder, '.pikaci'), runRecord({ status: 'failed', jobs }));
  await writeReports(dir);
  expect(await cli.run('status', RUN_ID)).toBe(0);
  expect(cli.stdout.text).toContain(`${LINES.join('\n')}\n`);
});
