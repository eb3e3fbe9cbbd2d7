import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { jobRecord } from '../../support/job-record.js';
import { runningStep, skippedStep, stepRecord, writeSteps } from '../../support/job-steps.js';
import { RUN_ID, runJobRecord, runRecord, writeRun } from '../../support/recorded-run.js';
import { Cli } from './cli-harness.js';

const STEPS = [
  stepRecord('build', { name: 'Build', log_start: 0, log_end: 6 }),
  stepRecord('test', { status: 'failed', exit_code: 3, log_start: 6, log_end: 12 }),
  skippedStep('deploy', 'the step test failed'),
];
const FAILED = runRecord({
  status: 'failed',
  jobs: [runJobRecord('unit', { status: 'failed', exit_code: 3, steps: STEPS }), runJobRecord('plain')],
});

async function withSteps() {
  const cli = new Cli({ files: {} });
  const runDir = await writeRun(join(cli.folder, '.pikaci'), FAILED);
  await writeFile(
    join(runDir, 'jobs/unit/guest.log'),
    Buffer.from([...Buffer.from('built\n'), 0xff, 0xfe, 0, 1, 2, 10]),
  );
  await writeSteps(runDir, 'unit', STEPS);
  return { cli, runDir, again: () => new Cli({ cwd: cli.folder }) };
}

test('status has a line for each step', async () => {
  const { cli } = await withSteps();
  expect(await cli.run('status', RUN_ID)).toBe(0);
  expect(cli.stdout.text).toContain(
    [
      '✗ unit failed (exit code 3) in 7.0 s',
      '  ✓ Build   passed (exit code 0) in 2.0 s',
      '  ✗ test    failed (exit code 3) in 2.0 s',
      '  – deploy  skipped: the step test failed',
      '✓ plain passed (exit code 0) in 7.0 s',
    ].join('\n'),
  );
});

test('status shows the step that runs', async () => {
  const cli = new Cli({ files: {} });
  const jobs = [runJobRecord('unit', { status: 'running', finished_at: null, exit_code: null })];
  const running = runRecord({ status: 'running', finished_at: null, jobs });
  const runDir = await writeRun(join(cli.folder, '.pikaci'), running);
  await writeSteps(runDir, 'unit', [stepRecord('build'), runningStep('test', 0)]);
  await cli.run('status', RUN_ID);
  expect(cli.stdout.text).toContain('  ✓ build  passed (exit code 0) in 2.0 s\n  ● test   runs\n');
});

test('status --output junit is a report, and --output json the record', async () => {
  const { cli, again } = await withSteps();
  expect(await cli.run('status', RUN_ID, '--output', 'junit')).toBe(0);
  expect(cli.stdout.text).toContain('<testcase classname="t.unit" name="test" time="2.000"><failure');
  const json = again();
  await json.run('status', RUN_ID, '--output', 'json');
  expect(JSON.parse(json.stdout.text)).toEqual(FAILED);
});

test("logs --step prints a step's bytes, and no others", async () => {
  const { cli, again, runDir } = await withSteps();
  expect(await cli.run('logs', RUN_ID, '--job', 'unit', '--step', 'test')).toBe(0);
  expect([...cli.stdout.bytes]).toEqual([0xff, 0xfe, 0, 1, 2, 10]);
  const first = again();
  await first.run('logs', RUN_ID, '--job', 'unit', '--step', 'build');
  expect(first.stdout.text).toBe('built\n');
  await writeSteps(runDir, 'unit', [runningStep('build', 3)]);
  const running = again();
  await running.run('logs', RUN_ID, '--job', 'unit', '--step', 'build');
  expect([...running.stdout.bytes]).toEqual([...Buffer.from('lt\n'), 0xff, 0xfe, 0, 1, 2, 10]);
  const large = again();
  await writeSteps(runDir, 'unit', [stepRecord('build', { log_start: 1, log_end: 700_000 })]);
  await writeFile(join(runDir, 'jobs/unit/guest.log'), 'x'.repeat(800_000));
  await large.run('logs', RUN_ID, '--job', 'unit', '--step', 'build');
  expect(large.stdout.bytes.length).toBe(699_999);
});

test('logs --step of one that was skipped says so, and prints nothing', async () => {
  const { cli } = await withSteps();
  expect(await cli.run('logs', RUN_ID, '--job', 'unit', '--step', 'deploy')).toBe(0);
  expect(cli.stdout.text).toBe('');
  expect(cli.stderr.text).toContain('the step deploy wrote nothing, as it was skipped: the step test failed');
});

test('logs --step of one behind the end of a log that was cut off says so', async () => {
  const { cli, again, runDir } = await withSteps();
  const steps = [
    stepRecord('build', { log_start: 0, log_end: 12 }),
    stepRecord('test', { log_start: 12, log_end: 12 }),
  ];
  await writeSteps(runDir, 'unit', steps);
  const outcome = { log_bytes: 900, kept_log_bytes: 12 };
  const record = jobRecord({ run_id: RUN_ID, job_id: 'unit' }, []);
  const write = (more: object) =>
    writeFile(
      join(runDir, 'jobs/unit/job.json'),
      JSON.stringify({ ...record, outcome: { ...record.outcome, ...more } }),
    );
  await write(outcome);
  expect(await cli.run('logs', RUN_ID, '--job', 'unit', '--step', 'test')).toBe(0);
  expect(cli.stdout.text).toBe('');
  expect(cli.stderr.text).toContain(
    'nothing that the step test wrote is kept: of the 900 bytes that job unit wrote, 12 are kept (maxLogBytes)',
  );
  await write({ ...outcome, log_bytes: 12 });
  const silent = again();
  expect(await silent.run('logs', RUN_ID, '--job', 'unit', '--step', 'test')).toBe(0);
  expect(silent.stderr.text).toBe('');
});

test.each([
  [['--job', 'unit', '--step', 'nope'], 'has no record of a step nope; it has build, test, deploy'],
  [['--job', 'plain', '--step', 'build'], 'it has no steps, or has not come to one'],
  [['--job', 'nope', '--step', 'build'], 'has no job nope'],
  [['--step', 'build'], 'name the job with --job'],
  [['--job', 'unit', '--step', 'build', '--kind', 'host'], 'without --kind'],
  [['--job', 'unit', '--step', 'build', '--follow'], "cannot be used with option '-f, --follow'"],
] as const)('logs %j is refused', async (argv, message) => {
  const { cli } = await withSteps();
  expect(await cli.run('logs', RUN_ID, ...argv)).toBe(2);
  expect(cli.stdout.text).toBe('');
  expect(cli.stderr.text).toContain(message);
});
