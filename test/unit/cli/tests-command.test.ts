import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { RunRecord } from '../../../src/domain/records/run-record.js';
import { testHistoryDocumentSchema } from '../../../src/domain/records/test-history.js';
import type { RecordedTest } from '../../../src/domain/records/tests-file.js';
import { runJobRecord, runRecord, writeRun } from '../../support/recorded-run.js';
import { TEST_REPORT } from '../../support/test-report.js';
import { Cli } from './cli-harness.js';

type Ends = Readonly<Record<string, RecordedTest['status'] | 'flaky'>>;

type Recorded = readonly [Partial<RunRecord>, Ends | null];

const withRuns = async (...runs: readonly Recorded[]) => (await withRunsIn(...runs)).tests;

/** Runs with one job, `unit`, the last one the newest: what became of each test. */
async function withRunsIn(...runs: readonly Recorded[]) {
  const cli = new Cli({ files: {} });
  for (const [index, [run, ends]] of runs.entries()) {
    const jobs = [runJobRecord('unit', ends === null ? {} : { test_report: TEST_REPORT })];
    const created_at = new Date(Date.UTC(2026, 0, 1 + index)).toISOString();
    const record = runRecord({
      run_id: `r${index}`,
      created_at,
      git_head: 'abc',
      git_dirty: false,
      jobs,
      ...run,
    });
    const dir = await writeRun(join(cli.folder, '.pikaci'), record);
    if (ends === null) continue;
    const tests = Object.entries(ends).map(([name, status]) => ({
      ...{ suite: 's', name, time_ms: 10 * (index + 1) },
      ...(status === 'flaky' ? { status: 'passed', flaky: true } : { status }),
    }));
    const file = { schema_version: 1, left_out: 0, tests };
    await writeFile(join(dir, 'jobs/unit/tests.json'), JSON.stringify(file));
  }
  const tests = (...argv: readonly string[]) => {
    const next = new Cli({ cwd: cli.folder });
    return next
      .run('tests', ...argv)
      .then((code) => ({ code, out: next.stdout.text, err: next.stderr.text }));
  };
  return { tests, folder: cli.folder };
}

test('tests that failed have a line each, flaky ones first, and those that always passed are left out', async () => {
  const tests = await withRuns(
    [{ git_head: 'one' }, { steady: 'passed', shaky: 'failed', broken: 'failed', retried: 'passed' }],
    [{ git_head: 'one' }, { steady: 'passed', shaky: 'passed', broken: 'failed', retried: 'flaky' }],
    [{ git_head: 'two' }, { steady: 'skipped', shaky: 'passed', broken: 'error' }],
  );
  const told = await tests();
  expect(told).toMatchObject({ code: 0, err: '' });
  expect(
    told.out
      .trimEnd()
      .split('\n')
      .map((line) => line.replace(/ {2,}/g, '|')),
  ).toEqual([
    'flaky|1 of 3 failed|20 ms|unit|r0|s › shaky',
    'flaky|0 of 2 failed|15 ms|unit|s › retried',
    'error|3 of 3 failed|20 ms|unit|r2|s › broken',
  ]);
  expect((await tests('--flaky')).out.split('\n')).toHaveLength(3);
  expect((await tests('--all')).out).toContain('steady');
  expect((await tests('stead')).out).toContain('0 of 3 failed');
  const document = testHistoryDocumentSchema.parse(
    JSON.parse((await tests('--output', 'json', '--runs', '1')).out),
  );
  expect(document).toMatchObject({ runs: 1, tests: [{ name: 'broken', seen: 1, last_run_id: 'r2' }] });
});

test('a test is not flaky that failed with other files', async () => {
  const tests = await withRuns(
    [{ git_head: 'one' }, { a: 'failed', b: 'failed', c: 'failed' }],
    [{ git_head: 'two' }, { a: 'passed' }],
    [{ git_head: 'one', git_dirty: true }, { b: 'passed' }],
    [{ git_head: null }, { c: 'passed' }],
  );
  expect((await tests('--flaky')).err).toContain('no test was flaky in 4 runs with reports of tests');
});

test('only runs that were asked for count, and those without reports do not', async () => {
  const tests = await withRuns(
    [{ git_branch: 'main', target_id: 't' }, { a: 'failed' }],
    [{ git_branch: 'other', target_id: 't' }, { a: 'passed' }],
    [{ git_branch: 'main', target_id: 'u' }, { a: 'passed' }],
    [{ git_branch: 'main', target_id: 't' }, null],
  );
  expect((await tests('--branch', 'main', '--target', 't', '--runs', '1')).out).toContain('1 of 1 failed');
  expect((await tests('--branch', 'none')).err).toContain('has reports of tests');
  expect((await tests('--job', 'none')).err).toContain('has reports of tests');
  expect((await tests('nothing')).err).toContain('no test has "nothing" in its name in 3 runs');
});

test('what cannot be read is named, and the rest is told', async () => {
  const { tests, folder } = await withRunsIn(
    [{}, { a: 'failed' }],
    [{}, { a: 'failed' }],
    [{}, { a: 'failed' }],
  );
  await writeFile(
    join(folder, '.pikaci/runs/r1/jobs/unit/tests.json'),
    '{"schema_version": 1, "tests": [{}]}',
  );
  await rm(join(folder, '.pikaci/runs/r2/jobs/unit/tests.json'));
  const told = await tests();
  expect(told).toMatchObject({ code: 0, out: expect.stringContaining('1 of 1 failed') });
  expect(told.err).toMatch(/r1\/jobs\/unit\/tests\.json cannot be read: tests\.0\.suite/);
  expect(told.err).toMatch(/r2\/jobs\/unit\/tests\.json is missing/);
});

test('people get as many lines as they want, and how many more there are', async () => {
  const ends = Object.fromEntries(
    Array.from({ length: 103 }, (_, index) => [`t${index}`, 'failed' as const]),
  );
  const tests = await withRuns([{}, ends]);
  const lines = async (...argv: readonly string[]) => (await tests(...argv)).out.trimEnd().split('\n');
  expect(await lines()).toHaveLength(101);
  expect((await lines()).at(-1)).toBe('and 3 more tests (--limit 103 shows all)');
  expect((await lines('--limit', '102')).at(-1)).toBe('and 1 more test (--limit 103 shows all)');
  expect(await lines('--limit', '103')).toHaveLength(103);
  const json = async (...argv: readonly string[]) =>
    testHistoryDocumentSchema.parse(JSON.parse((await tests('--output', 'json', ...argv)).out));
  expect((await json()).tests).toHaveLength(103);
  expect(await json()).not.toHaveProperty('more');
  expect(await json('--limit', '1')).toMatchObject({ tests: [{}], more: 102 });
});
