import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { coloursFor } from '../../../src/adapters/cli/output/colours.js';
import { nodeDetail } from '../../../src/adapters/cli/output/live/node-row.js';
import { recordedNodes } from '../../../src/adapters/cli/output/live/recorded-nodes.js';
import { jobSummary } from '../../../src/adapters/cli/output/run-end.js';
import { runSummary } from '../../../src/adapters/cli/output/run-summary.js';
import { exitCodeOf } from '../../../src/adapters/cli/session/exit-code.js';
import { RUN_ID, runJobRecord, runRecord, writeRun } from '../../support/recorded-run.js';
import { served } from '../../support/served.js';
import { TEST_REPORT } from '../../support/test-report.js';
import { Cli } from './cli-harness.js';

const SECOND = '20261124-080000-def456';
const build = runJobRecord('build', {
  taken_over_from: RUN_ID,
  guest_log_path: `/state/runs/${RUN_ID}/jobs/build/guest.log`,
  test_report: TEST_REPORT,
});
const second = runRecord({
  ...{ run_id: SECOND, rerun_of: RUN_ID, attempt: 2, created_at: '2026-11-24T08:00:00.000Z' },
  jobs: [build, runJobRecord('unit')],
});

async function twoRuns(stateRoot: string) {
  await writeRun(stateRoot, runRecord({ jobs: [runJobRecord('build', { test_report: TEST_REPORT })] }));
  const dir = await writeRun(stateRoot, second);
  await rm(join(dir, 'jobs', 'build'), { recursive: true, force: true });
}

test('a job that was taken over is shown as such, with the log of the run that ran it', async () => {
  const cli = new Cli({ files: {} });
  await twoRuns(join(cli.folder, '.pikaci'));
  await cli.run('logs', SECOND, '--job', 'build');
  expect(cli.stdout.text).toContain('guest of build');
  const status = new Cli({ cwd: cli.folder });
  await status.run('status', SECOND);
  expect(status.stdout.text).toContain(`✓ build passed (exit code 0) in 7.0 s, taken over from ${RUN_ID}\n`);
  expect(status.stdout.text).toMatch(/attempt +2\n/);
  const list = new Cli({ cwd: cli.folder });
  await list.run('list');
  expect(list.stdout.text).toContain(`attempt 2 of ${RUN_ID}`);
  const [node] = recordedNodes({ run: second, plan: null }, Date.parse);
  if (node === undefined) throw new Error('no node');
  expect(nodeDetail(node, { states: new Map(), now: 0 })).toBe(`passed, taken over from ${RUN_ID}`);
});

test('the pages link the two runs, and nothing that was taken over is counted twice', async () => {
  const server = await served();
  await twoRuns(server.stateRoot);
  const page = (await server.get(`/runs/${SECOND}`)).text;
  expect(page).toContain(`href="/runs/${RUN_ID}/logs/build?kind=guest"`);
  expect(page).toContain(`taken over from ${RUN_ID}`);
  expect(page).toContain(`<a href="/runs/${RUN_ID}"><code>`);
  expect((await server.get(`/runs/${RUN_ID}`)).text).toContain(
    `Repeated by</dt><dd><a href="/runs/${SECOND}">`,
  );
  const metrics = (await server.get('/metrics')).text;
  expect(metrics).toContain('pikaci_jobs{status="passed"} 2\n');
  expect(metrics).toContain(`pikaci_job_tests{result="passed"} ${TEST_REPORT.passed}\n`);
});

test('the summary and the exit code have what was taken over as it stands', () => {
  const failed = runJobRecord('lint', {
    status: 'failed',
    exit_code: 3,
    message: 'no',
    taken_over_from: RUN_ID,
  });
  const end = { jobId: 'lint', kind: 'recorded', record: failed } as const;
  const run = {
    runId: SECOND,
    host: 'h',
    target: 't',
    startedAt: '',
    finishedAt: '',
    exitCode: 1,
    jobs: [end],
  };
  expect(runSummary(run, coloursFor({ env: {}, isTerminal: false }))).toEqual([
    `✗ lint failed (exit code 3) in ${RUN_ID}, and is taken over`,
    '  no',
    '  log        /state/jobs/lint/guest.log',
  ]);
  expect(exitCodeOf([end])).toBe(1);
  expect(exitCodeOf([{ ...end, allowed: true }])).toBe(0);
  expect(jobSummary(end)).toMatchObject({
    ...{ status: 'failed', exit_code: 3, taken_over_from: RUN_ID },
    ...{ guest_log: '/state/jobs/lint/guest.log', artifacts_dir: '/state/jobs/lint/artifacts' },
  });
});

test('rerun of a part takes one way to say which', async () => {
  const cli = new Cli({ files: { 'pikaci.config.json': '{"host": "local"}' } });
  expect(await cli.run('rerun', RUN_ID, '--failed', '--job', 'a')).toBe(2);
  expect(cli.stderr.text).toContain('--failed and --job say different things');
});
