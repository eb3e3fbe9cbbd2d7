import { appendFile, mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { nodeAfterJobEvent } from '../../../src/adapters/cli/output/live/node-after.js';
import { nodeDetail } from '../../../src/adapters/cli/output/live/node-row.js';
import { waitingNode } from '../../../src/adapters/cli/output/live/tree-node.js';
import type { PikaciEvent } from '../../../src/domain/events/event.js';
import { jobRecord } from '../../support/job-record.js';
import { EARLIER, RUN_ID, runJobRecord, runRecord, writeRun } from '../../support/recorded-run.js';
import { Cli, configWith } from './cli-harness.js';

const common = { schema_version: 1, at: '2026-11-23T16:45:02.000Z', run_id: 'r', job_id: 'a' } as const;
const RETRIED = {
  ...common,
  type: 'job_retried',
  attempt: 1,
  status: 'failed',
  cause: 'exit',
  exit_code: 7,
  message: 'no',
  retried_for: 'failed',
  wait_ms: 5000,
} as const;

test('a run says which attempt of a job it is at, and in the end how those before have ended, and where their logs are', async () => {
  const cli = new Cli({
    script: async (job) => {
      job.emit(RETRIED);
      return job.end({ status: 'passed', exit_code: 0, attempt: 2, earlier_attempts: [EARLIER] });
    },
    files: { 'pikaci.config.json': configWith(['a']) },
  });
  expect(await cli.run('run')).toBe(0);
  expect(cli.stderr.text).toContain('[a] attempt 1 failed (exit code 7): no; another begins in 5.0 s\n');
  expect(cli.stderr.text).toMatch(/✓ a passed in attempt 2 \(exit code 0\)/);
  expect(cli.stderr.text).toContain('  ↻ attempt 1 failed (exit code 7)  /state/attempts/unit/1/guest.log\n');
});

test('the tree shows the wait for another attempt, and which one it is', () => {
  const events: PikaciEvent[] = [
    { ...common, type: 'job_started', host: 'h', backend: 'incus' },
    {
      ...common,
      type: 'job_finished',
      status: 'failed',
      cause: 'exit',
      exit_code: 7,
      message: 'no',
      duration_ms: 1,
    },
    RETRIED,
  ];
  const context = { states: new Map(), now: 0 };
  const after = (node: ReturnType<typeof waitingNode>, event: PikaciEvent) =>
    nodeAfterJobEvent(node, event, 0);
  const waiting = events.reduce(after, waitingNode({ id: 'a', kind: 'execute', dependsOn: [] }));
  expect(nodeDetail(waiting, context)).toBe('attempt 1 failed (exit code 7), another begins in 5.0 s');
  const second = after(waiting, { ...common, type: 'job_started', host: 'h', backend: 'incus', attempt: 2 });
  const launching = after(second, { ...common, type: 'phase_started', phase: 'launch_guest' });
  expect(nodeDetail(launching, context)).toBe('attempt 2: launch_guest');
  const ended = after(launching, {
    ...{ ...common, type: 'job_finished', status: 'failed', cause: 'exit', exit_code: 3 },
    ...{ message: '', duration_ms: 1 },
  });
  expect(nodeDetail(ended, context)).toBe('exit code 3 in attempt 2');
});

test('the records tell of each attempt, and the log of an earlier one is printed by its number', async () => {
  const cli = new Cli({ files: {} });
  const jobs = [runJobRecord('unit', { attempt: 2, earlier_attempts: [EARLIER] })];
  const dir = await writeRun(join(cli.folder, '.pikaci'), runRecord({ jobs }));
  await mkdir(join(dir, 'attempts/unit/1'), { recursive: true });
  await writeFile(join(dir, 'attempts/unit/1/guest.log'), 'the first\n');
  const run = async (...argv: readonly string[]) => {
    const next = new Cli({ cwd: cli.folder });
    return { code: await next.run(...argv), out: next.stdout.text, err: next.stderr.text };
  };
  const status = await run('status', RUN_ID);
  expect(status.out).toContain('unit passed in attempt 2');
  expect(status.out).toContain('↻ attempt 1 failed (exit code 7)');
  const log = (...more: readonly string[]) => run('logs', RUN_ID, '--job', 'unit', ...more);
  expect(await log('--attempt', '1')).toMatchObject({ code: 0, out: 'the first\n' });
  expect(await log('--attempt', '2')).toMatchObject({ code: 0, out: 'guest of unit\n' });
  expect(await log('--attempt', '3')).toMatchObject({
    code: 2,
    err: expect.stringContaining('has the attempts 1, 2'),
  });
  expect(await run('logs', RUN_ID, '--attempt', '1')).toMatchObject({ code: 2 });
  // And so is that of a service beside it.
  const record = jobRecord({ job_spec: { id: 'unit', command: 'x', services: [{ name: 'db' }] } }, []);
  await writeFile(join(dir, 'jobs/unit/job.json'), JSON.stringify(record));
  for (const [at, text] of [
    ['attempts/unit/1', 'db of the first\n'],
    ['jobs/unit', 'db of the second\n'],
  ] as const) {
    await mkdir(join(dir, at, 'services/db'), { recursive: true });
    await writeFile(join(dir, at, 'services/db/guest.log'), text);
  }
  const service = (...more: readonly string[]) => log('--service', 'db', ...more);
  expect(await service()).toMatchObject({ code: 0, out: 'db of the second\n' });
  expect(await service('--attempt', '2')).toMatchObject({ code: 0, out: 'db of the second\n' });
  expect(await service('--attempt', '1')).toMatchObject({ code: 0, out: 'db of the first\n' });
  expect(await log('--service', 'web', '--attempt', '1')).toMatchObject({
    code: 2,
    err: expect.stringContaining('has no service web; it has db'),
  });
});

/** A run whose one job runs, which then begins another attempt, and ends. */
async function runningJob() {
  const cli = new Cli({ files: {} });
  const running = (more: object) =>
    ({ status: 'running', finished_at: null, exit_code: null, ...more }) as const;
  const recordOf = (more: object) =>
    runRecord({ status: 'running', finished_at: null, jobs: [runJobRecord('unit', running(more))] });
  const dir = await writeRun(join(cli.folder, '.pikaci'), recordOf({}));
  const again = { attempt: 2, earlier_attempts: [EARLIER] };
  const nextAttempt = async () => {
    await mkdir(join(dir, 'attempts/unit'), { recursive: true });
    await rename(join(dir, 'jobs/unit'), join(dir, 'attempts/unit/1'));
    await writeRun(join(cli.folder, '.pikaci'), recordOf(again));
  };
  const end = () =>
    writeFile(join(dir, 'run.json'), JSON.stringify(runRecord({ jobs: [runJobRecord('unit', again)] })));
  return { cli, dir, nextAttempt, end };
}

test('who follows a service gets what it writes until its job has ended, of each attempt', async () => {
  const { cli, dir, nextAttempt, end } = await runningJob();
  const record = jobRecord(
    { job_spec: { id: 'unit', command: 'x', services: [{ name: 'db' }] }, outcome: null },
    [],
  );
  const begin = async (text: string) => {
    await mkdir(join(dir, 'jobs/unit/services/db'), { recursive: true });
    await writeFile(join(dir, 'jobs/unit/job.json'), JSON.stringify(record));
    await writeFile(join(dir, 'jobs/unit/services/db/guest.log'), text);
  };
  await begin('up\n');
  const exit = cli.run('logs', RUN_ID, '--job', 'unit', '--service', 'db', '--follow');
  await cli.clock.asleepFor(250);
  await appendFile(join(dir, 'jobs/unit/services/db/guest.log'), 'down\n');
  await nextAttempt();
  await begin('up again\n');
  cli.clock.advance(250);
  await cli.clock.asleepFor(250);
  await end();
  cli.clock.advance(250);
  expect(await exit).toBe(0);
  expect(cli.stdout.text).toBe('up\ndown\nup again\n');
});

test('who follows a log that begins anew with another attempt gets all of both', async () => {
  const { cli, dir, nextAttempt, end } = await runningJob();
  await writeFile(join(dir, 'jobs/unit/guest.log'), 'first\n');
  const exit = cli.run('logs', RUN_ID, '--follow');
  await cli.clock.asleepFor(250);
  await appendFile(join(dir, 'jobs/unit/guest.log'), 'rest\n');
  await nextAttempt();
  await writeFile(join(dir, 'jobs/unit/guest.log'), 'the second, which is longer\n');
  cli.clock.advance(250);
  await cli.clock.asleepFor(250);
  await end();
  cli.clock.advance(250);
  expect(await exit).toBe(0);
  expect(cli.stdout.text).toBe('first\nrest\nthe second, which is longer\n');
});
