import { describe, expect, it } from 'vitest';
import { MemoryFileStore } from '../../../../src/adapters/memory/memory-file-store.js';
import { readTestReports } from '../../../../src/application/reports/read-test-reports.js';
import { testReportSchema } from '../../../../src/domain/job/test-report.js';

async function report(files: Record<string, string>, unmatched: readonly string[] = []) {
  const store = new MemoryFileStore();
  (await store.makeDirectory('/artifacts'))._unsafeUnwrap();
  for (const [name, text] of Object.entries(files))
    (await store.writeFile(`/artifacts/${name}`, Buffer.from(text)))._unsafeUnwrap();
  const read = await readTestReports(store, {
    directory: '/artifacts',
    paths: [...Object.keys(files), 'gone.xml'],
    unmatched,
  });
  return testReportSchema.parse(read);
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
      problems: [{ path: 'c.xml' }, { path: 'gone.xml' }],
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
    expect(JSON.stringify(told).length).toBeLessThan(600_000);
  });
});
