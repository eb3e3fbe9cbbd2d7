import { describe, expect, it } from 'vitest';
import { MemoryFileStore } from '../../../../src/adapters/memory/memory-file-store.js';
import { readTestReports } from '../../../../src/application/reports/read-test-reports.js';
import { testCounts, testReportSchema, testSums } from '../../../../src/domain/job/test-report.js';
import { TESTS_BYTES, testsFileSchema } from '../../../../src/domain/records/tests-file.js';

async function report(files: Record<string, string>, unmatched: readonly string[] = []) {
  const store = new MemoryFileStore();
  (await store.makeDirectory('/artifacts'))._unsafeUnwrap();
  for (const [name, text] of Object.entries(files))
    (await store.writeFile(`/artifacts/${name}`, Buffer.from(text)))._unsafeUnwrap();
  const read = await readTestReports(store, {
    directory: '/artifacts',
    paths: [...Object.keys(files), 'gone.xml'],
    unmatched,
    testsFile: '/tests.json',
    mask: (text) => text.replaceAll('hunter22', '***'),
  });
  const kept = JSON.parse(Buffer.from((await store.readFile('/tests.json'))._unsafeUnwrap()).toString());
  return { ...testReportSchema.parse(read), kept: testsFileSchema.parse(kept) };
}

describe('the test report of a job', () => {
  it('counts the tests of all files, and names those that could not be read', async () => {
    const told = await report(
      {
        'a.xml':
          '<testsuite name="a"><testcase name="x" time="1"/><testcase name="y"><failure/></testcase></testsuite>',
        'b.xml': '<testsuite name="b"><testcase name="z" time="3"><skipped/></testcase></testsuite>',
        'c.xml': '<testsuite><testcase name="whole"/><testcase',
      },
      ['**/d.xml'],
    );
    expect(told).toMatchObject({
      ...{ files: 2, tests: 4, passed: 2, failed: 1, skipped: 1, flaky: 0, time_ms: 4000 },
      failures: [{ suite: 'a', name: 'y', status: 'failed', message: '' }],
      slowest: [
        { name: 'z', time_ms: 3000 },
        { name: 'x', time_ms: 1000 },
      ],
      unmatched: ['**/d.xml'],
      unread: 2,
      problems: [{ path: 'c.xml' }, { path: 'gone.xml' }],
    });
    expect(testCounts(told)).toBe('4 tests: 1 failed, 2 passed, 1 skipped \u26a0 2 reports not read whole');
    expect(testSums(told).unread).toBe(2);
    expect(told.kept).toEqual({
      schema_version: 1,
      left_out: 0,
      tests: [
        { suite: 'a', name: 'x', status: 'passed', time_ms: 1000 },
        { suite: 'a', name: 'y', status: 'failed' },
        { suite: 'b', name: 'z', status: 'skipped', time_ms: 3000 },
        { suite: '', name: 'whole', status: 'passed' },
      ],
    });
  });

  it('stays of a size that a record takes, however many have failed', async () => {
    const message = 'm'.repeat(3000);
    const cases = Array.from(
      { length: 5000 },
      (_, index) => `<testcase name="${index}" time="${index}"><failure message="${message}"/></testcase>`,
    );
    const told = await report({ 'a.xml': `<testsuite>${cases.join('')}</testsuite>` });
    expect(told.failed).toBe(5000);
    expect(told.failures).toHaveLength(200);
    expect(told.slowest.map(({ name }) => name)).toEqual(
      Array.from({ length: 10 }, (_, index) => String(4999 - index)),
    );
    const { kept, ...recorded } = told;
    expect(JSON.stringify(recorded).length).toBeLessThan(600_000);
    expect(kept).toMatchObject({ left_out: 0 });
    expect(kept.tests).toHaveLength(5000);
  });

  it('keeps for the history of its tests as many as a record takes, with secrets masked, and counts the rest', async () => {
    const name = `hunter22 ${'n'.repeat(480)}`;
    const cases = `<testcase name="${name}"/>`.repeat(30_000);
    const { kept } = await report({ 'a.xml': `<testsuite>${cases}</testsuite>` });
    expect(kept.tests[0]?.name).toMatch(/^\*\*\* n/);
    expect(kept.tests.length + kept.left_out).toBe(30_000);
    expect(kept.left_out).toBeGreaterThan(0);
    expect(JSON.stringify(kept).length).toBeLessThan(TESTS_BYTES + 100);
  });
});
