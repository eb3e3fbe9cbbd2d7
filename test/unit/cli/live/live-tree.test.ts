import { expect, test } from 'vitest';
import { configWith } from '../cli-harness.js';
import { plan, RUN, start, tick, tickUntil, timeless } from './live-run.js';

test('jobs stand below what they depend on: waiting, running, passed, failed, and skipped with the cause', async () => {
  const files = plan({ build: [], test: ['build'], lint: [], publish: ['test', 'lint'] });
  const { cli, jobs, exit } = start({ files });
  await jobs.job('lint');
  const build = await jobs.job('build');
  build.emit({ type: 'phase_started', phase: 'launch_guest' });
  await tick(cli);
  expect(await cli.terminal.screen()).toEqual([
    RUN,
    '⠙ build          100 ms  launch_guest',
    '└─ ○ test                waits for build',
    '   └─ ○ publish          waits for test, lint',
    '⠙ lint           100 ms  starts',
    '⠙ 0 of 4 done, 2 running, 2 waiting  100 ms',
  ]);
  await jobs.end('lint', (job) =>
    job.end({ status: 'failed', exit_code: 3, message: 'the command ended with 3' }),
  );
  await tickUntil(cli, /publish .*skipped/);
  expect(timeless(await cli.terminal.screen())).toEqual([
    RUN,
    '* build  T  launch_guest',
    '└─ ○ test                waits for build',
    '   └─ – publish          skipped: lint failed',
    '✗ lint  T  exit code 3',
    '* 2 of 4 done, 1 running, 1 waiting, 1 failed, 1 skipped  T',
  ]);
  await jobs.end('build');
  await jobs.end('test');
  expect(await exit).toBe(1);
  // What became of each stays, above the summary; nothing is left of the tree that was drawn over.
  const left = await cli.terminal.everything();
  expect(timeless(left).slice(0, 7)).toEqual([
    RUN,
    '✓ build  T  passed',
    '└─ ✓ test  T  passed',
    '   └─ – publish          skipped: lint failed',
    '✗ lint  T  exit code 3',
    '∙ 4 of 4 done, 2 passed, 1 failed, 1 skipped  T',
    '✓ build passed (exit code 0) in T',
  ]);
  expect(left).toContain('– publish skipped: lint failed');
});

test('a single job is one line, and the summary says the rest', async () => {
  const { cli, jobs, exit } = start();
  const job = await jobs.job('a');
  job.emit({ type: 'phase_started', phase: 'wait_for_completion' });
  await tick(cli);
  expect(await cli.terminal.screen()).toEqual([RUN, '⠙ a  100 ms  wait_for_completion']);
  await jobs.end('a');
  expect(await exit).toBe(0);
  expect((await cli.terminal.screen()).slice(0, 2)).toEqual([RUN, '✓ a passed (exit code 0) in 0 ms']);
});

test('a job shows the step that it is at, and only steps that did not pass are told of above', async () => {
  const { cli, jobs, exit } = start();
  const job = await jobs.job('a');
  job.emit({ type: 'phase_started', phase: 'wait_for_completion' });
  job.emit({ type: 'step_started', step_id: 'build', name: 'Build\x1b[2J', log_start: 0 });
  await tick(cli);
  expect(await cli.terminal.screen()).toEqual([RUN, '⠙ a  100 ms  step Build\\x1b[2J']);
  const end = { exit_code: 0, duration_ms: 5, log_start: 0, log_end: 0 };
  job.emit({
    type: 'step_finished',
    step_id: 'build',
    name: 'Build',
    status: 'passed',
    cause: 'exit',
    ...end,
  });
  const skipped = { ...end, exit_code: null, reason: 'nothing had failed' };
  job.emit({
    type: 'step_finished',
    step_id: 'tell',
    name: 'Tell',
    status: 'skipped',
    cause: 'skipped',
    ...skipped,
  });
  job.emit({ type: 'step_started', step_id: 'test', name: 'Test', log_start: 0 });
  await tick(cli);
  expect(timeless(await cli.terminal.screen())).toEqual([
    RUN,
    '[a] step Tell skipped: nothing had failed',
    '* a  T  step Test',
  ]);
  job.emit({ type: 'phase_started', phase: 'collect_artifacts' });
  await tick(cli);
  expect(timeless(await cli.terminal.screen()).at(-1)).toBe('* a  T  collect_artifacts');
  await jobs.end('a');
  expect(await exit).toBe(0);
});

test('an upload shows what is sent, its share and its rate', async () => {
  const { cli, jobs, exit } = start();
  const job = await jobs.job('a');
  job.emit({ type: 'phase_started', phase: 'stage_workspace_snapshot' });
  const MiB = 1024 * 1024;
  job.emit({ type: 'upload_progress', bytes: 0, total_bytes: 48 * MiB });
  await tick(cli, 1000);
  job.emit({ type: 'upload_progress', bytes: 12 * MiB, total_bytes: 48 * MiB });
  await tick(cli);
  expect(await cli.terminal.screen()).toEqual([
    RUN,
    '⠙ a   1.1 s  stage_workspace_snapshot 12.0 MiB of 48.0 MiB, 25%, 10.9 MiB/s',
  ]);
  await jobs.end('a');
  await exit;
});

test('the log scrolls above the tree, each line whole and led by its job', async () => {
  const { cli, jobs, exit } = start({ files: plan({ a: [], b: [] }) });
  const a = await jobs.job('a');
  const b = await jobs.job('b');
  for (let i = 0; i < 30; i += 1) {
    a.log(`a ${i} be`);
    b.log(`b ${i}\n`);
    a.log('gun\n');
  }
  await tick(cli);
  const lines = await cli.terminal.everything();
  const expected = Array.from({ length: 30 }, (_, i) => [`[b] b ${i}`, `[a] a ${i} begun`]).flat();
  expect(lines.slice(0, 61)).toEqual([RUN, ...expected]);
  expect(lines.slice(61)).toEqual([
    '⠙ a  100 ms  starts',
    '⠙ b  100 ms  starts',
    '⠙ 0 of 2 done, 2 running  100 ms',
  ]);
  await jobs.end('a');
  await jobs.end('b');
  await exit;
});

test('a line whose end does not come is shown below the log, as far as it is', async () => {
  const { cli, jobs, exit } = start();
  const job = await jobs.job('a');
  await tick(cli);
  job.log('whole\nloading 10%\rloading 20%');
  await tick(cli);
  expect(await cli.terminal.screen()).toEqual([RUN, 'whole', '⠹ a  200 ms  starts']);
  await tick(cli);
  expect(await cli.terminal.screen()).toEqual([RUN, 'whole', 'loading 20%', '⠸ a  300 ms  starts']);
  job.log('\rloaded\n');
  await tick(cli);
  expect(await cli.terminal.screen()).toEqual([RUN, 'whole', 'loaded', '⠼ a  400 ms  starts']);
  job.log('no newline');
  await jobs.end('a');
  await exit;
  expect((await cli.terminal.screen()).slice(0, 4)).toEqual([RUN, 'whole', 'loaded', 'no newline']);
});

test('a guest cannot clear the screen, move the cursor, set the title or write over the tree', async () => {
  const { cli, jobs, exit } = start();
  const job = await jobs.job('a');
  job.log('\x1b[2J\x1b[H\x1b]0;title\x07\x1b[3A\x1b7\x1b[?1049h\x1bPq\x1b\\up\x9b2J\x07\u202e\x1b[31mred\n');
  job.log('next\x1b[m\n');
  await tick(cli);
  expect(await cli.terminal.screen()).toEqual([
    RUN,
    'up\\x9b2J\\x07\\u202ered',
    'next',
    '⠙ a  100 ms  starts',
  ]);
  // Its colour goes on in its next line, and not into the tree.
  expect(cli.stdout.text).toContain('\x1b[31mred\x1b[0m\n\x1b[31mnext\x1b[m\x1b[0m\n');
  await jobs.end('a');
  await exit;
});

test('a log that goes elsewhere goes there byte for byte, and the tree stays on the terminal', async () => {
  const { cli, jobs, exit } = start({ piped: true });
  const job = await jobs.job('a');
  const bytes = Uint8Array.of(0x1b, 0x5b, 0x32, 0x4a, 0xff, 0x0d, 0x00, 0xe2, 0x82);
  job.log(bytes);
  expect(cli.stdout.bytes).toEqual(Buffer.from(bytes));
  await tick(cli);
  expect(await cli.terminal.screen()).toEqual([RUN, '⠙ a  100 ms  starts']);
  await jobs.end('a');
  await exit;
});

test('messages stand above the tree', async () => {
  const { cli, jobs, exit } = start();
  const job = await jobs.job('a');
  job.emit({ type: 'connection_lost', log_offset: 7, message: 'reset\x1b[2J' });
  await tick(cli);
  expect(await cli.terminal.screen()).toEqual([
    RUN,
    '[a] connection lost at byte 7 of the log: reset\\x1b[2J',
    '⠙ a  100 ms  starts, connection lost',
  ]);
  await jobs.end('a');
  await exit;
});

test('more nodes than fit half of the screen are folded: what has passed first, and it is counted', async () => {
  const ids = Array.from({ length: 30 }, (_, i) => `job-${i}`);
  const files = { 'pikaci.config.json': configWith(ids, { parallel: 4 }) };
  const { cli, jobs, exit } = start({ files, terminal: { columns: 80, rows: 16 } });
  for (const id of ids.slice(0, 10)) await jobs.end(id);
  await jobs.job('job-13');
  await tick(cli);
  expect((await cli.terminal.screen()).slice(-8)).toEqual([
    '… 14 waiting, 10 passed',
    '⠙ job-10  100 ms  starts',
    '⠙ job-11  100 ms  starts',
    '⠙ job-12  100 ms  starts',
    '⠙ job-13  100 ms  starts',
    '○ job-14          queued',
    '○ job-15          queued',
    '⠙ 10 of 30 done, 4 running, 16 waiting, 10 passed  100 ms',
  ]);
  for (const id of ids.slice(10)) await jobs.end(id);
  expect(await exit).toBe(0);
});
