import { expect, test } from 'vitest';
import { coverageSums } from '../../../src/domain/job/coverage-report.js';
import { testSums } from '../../../src/domain/job/test-report.js';
import { RUN_ID, runJobRecord, runRecord, writeRun } from '../../support/recorded-run.js';
import { served } from '../../support/served.js';
import { COVERAGE_REPORT, TEST_REPORT, writeReports } from '../../support/test-report.js';

/** As the record of the run has them: without names. */
const SUMS = {
  test_report: testSums(TEST_REPORT),
  coverage_report: coverageSums(COVERAGE_REPORT),
};

const withTests = async () => {
  const server = await served();
  const jobs = [runJobRecord('unit', { status: 'failed', exit_code: 1, ...SUMS }), runJobRecord('b')];
  const dir = await writeRun(server.stateRoot, runRecord({ status: 'failed', jobs }));
  return { server, dir };
};

test('the page of a run has the failed tests of each job first, each with its place and message, and what was slow', async () => {
  const { server, dir } = await withTests();
  await writeReports(dir);
  const { text } = await server.get(`/runs/${RUN_ID}`);
  const section = /<div class="tests">.*?<\/div>/s.exec(text)?.[0] ?? '';
  expect(section).toContain(
    '26 tests: 23 failed, 2 passed (1 when repeated), 1 skipped ⚠ 1 report not read whole · 1.5 s',
  );
  expect(section).toContain('<code><bdi>a.ts:3</bdi></code>');
  expect(section.match(/<li>/g)).toHaveLength(22 + 1 + 1);
  expect(section).toContain('<li>and 1 more</li>');
  expect(section).toContain('the report b.xml could not be read');
  expect(section.indexOf('other 20')).toBeLessThan(section.indexOf('Slowest tests'));
  expect(text).not.toContain('<script>alert');
  expect(text).not.toMatch(/[\u202e\x1b]/);
  expect(text.match(/class="tests"/g)).toHaveLength(2);
  expect(text).toContain('<p class="muted">coverage 81.3 % of 1000 lines</p>');
  expect((await server.get('/')).text).toContain('1 of 2 jobs failed · coverage 81.3 %');
});

test('the metrics count them', async () => {
  const { server } = await withTests();
  const { text } = await server.get('/metrics');
  expect(text).toContain('pikaci_job_tests{result="passed"} 2\npikaci_job_tests{result="failed"} 23\n');
  expect(text).toContain('pikaci_last_run_line_coverage_ratio{target="t"} 0.813\n');
});

test('the page has the counts where the own record of the job cannot be read', async () => {
  const { server } = await withTests();
  const { text } = await server.get(`/runs/${RUN_ID}`);
  expect(text).toContain('26 tests: 23 failed');
  expect(text).not.toContain('more</li>');
  expect(text).toContain('coverage 81.3 % of 1000 lines');
});
