import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { PlanRecord } from '../../../../src/domain/records/plan-record.js';
import type { RunRecord } from '../../../../src/domain/records/run-record.js';
import { runningStep, stepRecord, writeSteps } from '../../../support/job-steps.js';
import { RUN_ID, runJobRecord, runRecord, writeRun } from '../../../support/recorded-run.js';
import { Cli, type CliOptions } from '../cli-harness.js';

const at = (seconds: number) =>
  new Date(Date.parse('2026-11-23T16:45:01.250Z') + seconds * 1000).toISOString();
const pending = { status: 'pending', started_at: null, finished_at: null, exit_code: null } as const;

const prepare = (id: string, depends_on: string[]): PlanRecord['nodes'][number] => ({
  kind: 'prepare',
  id,
  description: '',
  depends_on,
  executor: 'remote_host',
  prepare: { type: 'path', path: '/opt' },
});
const execute = (id: string, depends_on: string[]): PlanRecord['nodes'][number] => ({
  kind: 'execute',
  id,
  description: '',
  depends_on,
  executor: 'remote_linux_vm',
  execute: {
    type: 'vm_command',
    command: 'x',
    run_as_root: false,
    timeout_secs: 1,
    writable_workspace: false,
  },
});
const PLAN: PlanRecord = {
  schema_version: 1,
  run_id: RUN_ID,
  target_id: 't',
  target_description: null,
  created_at: at(0),
  scope: 'post_host_setup_and_snapshot',
  nodes: [prepare('sdk', []), prepare('tools', ['sdk']), execute('a', ['sdk']), execute('b', ['a', 'tools'])],
  target: null,
  selected_jobs: [],
};
const RUNNING = runRecord({
  status: 'running',
  finished_at: null,
  prepare_timings: [
    {
      node_id: 'sdk',
      started_at: at(0),
      finished_at: at(1),
      duration_ms: 1000,
      ok: true,
      cached: true,
      message: null,
    },
  ],
  jobs: [
    runJobRecord('a', { status: 'running', started_at: at(2), finished_at: null, exit_code: null }),
    runJobRecord('b', pending),
  ],
});

async function following(options: CliOptions = {}, ...argv: string[]) {
  const cli = new Cli({ terminal: true, files: {}, ...options });
  cli.clock.advance(10_000);
  const runDir = await writeRun(join(cli.folder, '.pikaci'), RUNNING);
  await writeFile(join(runDir, 'plan.json'), JSON.stringify(PLAN));
  const exit = cli.run('logs', RUN_ID, '--follow', ...argv);
  return {
    cli,
    runDir,
    exit,
    record: (run: RunRecord) => writeFile(join(runDir, 'run.json'), JSON.stringify(run)),
  };
}

test('logs --follow on a terminal shows the tree of a run that another process works on, below its logs', async () => {
  const { cli, runDir, exit, record } = await following();
  await cli.clock.asleepFor(250);
  cli.clock.advance(100);
  await cli.clock.asleepFor(100);
  expect(await cli.terminal.screen()).toEqual([
    '[a] guest of a',
    '[b] guest of b',
    '✓ sdk        1.0 s  was there',
    expect.stringMatching(/^├─ . tools {10}prepare$/),
    '│  └─ ○ b           waits for a, tools',
    expect.stringMatching(/^└─ . a {7}8\.1 s {2}runs$/),
    expect.stringMatching(/^. 1 of 4 done, 2 running, 1 waiting, 1 passed {2}10\.1 s$/),
  ]);
  await appendFile(join(runDir, 'jobs/a/guest.log'), 'more\x1b[2J\nno newline');
  const message = 'the command ended with status 3';
  await record({
    ...RUNNING,
    status: 'failed',
    jobs: [
      runJobRecord('a', { status: 'failed', exit_code: 3, message }),
      runJobRecord('b', { ...pending, status: 'skipped', message: 'a failed' }),
    ],
  });
  cli.clock.advance(150);
  expect(await exit).toBe(0);
  // Only the logs are left.
  expect(await cli.terminal.screen()).toEqual([
    '[a] guest of a',
    '[b] guest of b',
    '[a] more',
    '[a] no newline',
  ]);
  expect(cli.terminal.listeners).toBe(0);
});

test('the tree shows the step that a job is at, as far as it is recorded', async () => {
  const { cli, runDir, exit } = await following();
  await writeSteps(runDir, 'a', [stepRecord('build'), runningStep('test', 0, { name: 'The tests' })]);
  await cli.clock.asleepFor(250);
  cli.clock.advance(250);
  await cli.clock.asleepFor(250);
  cli.clock.advance(100);
  await cli.clock.asleepFor(100);
  expect((await cli.terminal.screen()).at(-2)).toMatch(/^└─ . a +[0-9.]+ s {2}step The tests$/);
  cli.ctrlC();
  expect(await exit).toBe(130);
});

test('without a plan that can be read the jobs alone are shown', async () => {
  const { cli, runDir, exit } = await following();
  await cli.clock.asleepFor(250);
  await writeFile(join(runDir, 'plan.json'), '{');
  cli.ctrlC();
  expect(await exit).toBe(130);
  const again = new Cli({ cwd: cli.folder, terminal: true });
  const second = again.run('logs', RUN_ID, '--follow', '--job', 'a');
  await again.clock.asleepFor(250);
  again.clock.advance(100);
  await again.clock.asleepFor(100);
  expect((await again.terminal.screen()).slice(0, 1)).toEqual(['guest of a']);
  expect((await again.terminal.screen()).at(-2)).toMatch(/^○ b {10}queued$/);
  again.ctrlC();
  expect(await second).toBe(130);
});

test('a run whose record is gone meanwhile ends the tree before that is said', async () => {
  const { cli, exit, record } = await following();
  await cli.clock.asleepFor(250);
  await record({} as RunRecord);
  cli.clock.advance(250);
  expect(await exit).toBe(3);
  const screen = await cli.terminal.screen();
  expect(screen.slice(0, 2)).toEqual(['[a] guest of a', '[b] guest of b']);
  expect(screen[2]).toMatch(/^pikaci: /);
});

test('what goes elsewhere goes there as it is, and with CI there is no tree', async () => {
  const piped = await following({ piped: true }, '--job', 'a');
  await piped.cli.clock.asleepFor(250);
  expect(piped.cli.stdout.text).toBe('guest of a\n');
  piped.cli.ctrlC();
  expect(await piped.exit).toBe(130);
  const plain = await following({ env: { CI: 'true' } }, '--job', 'a');
  await plain.cli.clock.asleepFor(250);
  expect(plain.cli.clock.asked).not.toContain(100);
  plain.cli.ctrlC();
  expect(await plain.exit).toBe(130);
  expect(plain.cli.stderr.text).toBe('');
});
