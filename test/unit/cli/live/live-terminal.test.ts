import { ok } from 'neverthrow';
import { expect, test } from 'vitest';
import { Cli } from '../cli-harness.js';
import { plan, RUN, start, tick, tickUntil, timeless } from './live-run.js';

const four = plan({ a: [], b: ['a'], c: ['b'], d: ['c'] });

test('a terminal made narrower, which wraps what stands there, keeps no piece of the old tree', async () => {
  const { cli, jobs, exit } = start({ files: four, terminal: { columns: 60, rows: 24 } });
  const a = await jobs.job('a');
  a.log('before\n');
  await tick(cli);
  await cli.terminal.resize(30, 24);
  await tick(cli);
  expect(await cli.terminal.everything()).toEqual([
    // Of more than 30 columns, as it stood there.
    RUN.slice(0, 30),
    RUN.slice(30),
    '[a] before',
    '⠹ a           200 ms  starts',
    '└─ ○ b                waits …',
    '   └─ ○ c             waits …',
    '      └─ ○ d          waits …',
    '⠹ 0 of 4 done, 1 running, 3 …',
  ]);
  await cli.terminal.resize(70, 8);
  await tick(cli);
  expect((await cli.terminal.screen()).slice(-4)).toEqual([
    '… 2 waiting',
    '⠸ a     300 ms  starts',
    '└─ ○ b          waits for a',
    '⠸ 0 of 4 done, 1 running, 3 waiting  300 ms',
  ]);
  await jobs.end('a', (job) => job.end({ status: 'failed', exit_code: 1 }));
  expect(await exit).toBe(1);
  expect(cli.terminal.listeners).toBe(0);
});

test('a terminal that does not know its size is taken to have 80 columns and 24 rows', async () => {
  const { cli, jobs, exit } = start({
    files: plan(Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`j${i}`, []]))),
  });
  cli.terminal.size = () => ({ columns: 0, rows: 0 });
  await jobs.job('j3');
  await tick(cli);
  expect(await cli.terminal.screen()).toHaveLength(1 + 12);
  for (let i = 0; i < 20; i += 1) await jobs.end(`j${i}`);
  expect(await exit).toBe(0);
});

test('what the shell says between Ctrl-Z and fg stays, and the tree goes on below it', async () => {
  const { cli, jobs, exit } = start();
  await jobs.job('a');
  await tick(cli);
  cli.clock.advance(60_000);
  cli.terminal.stopAndResume('^Z\n[1]+  Stopped\n$ fg\n');
  await tick(cli);
  expect(await cli.terminal.screen()).toEqual([
    RUN,
    '⠙ a  100 ms  starts',
    '^Z',
    '[1]+  Stopped',
    '$ fg',
    expect.stringMatching(/^. a {2}1 min 0 s {2}starts$/),
  ]);
  await jobs.end('a');
  await exit;
});

test('the screen is drawn ten times a second at most, and a line of log at once after silence', async () => {
  const { cli, jobs, exit } = start();
  const job = await jobs.job('a');
  await tick(cli, 1000);
  const draws = () => cli.stderr.text.split('\x1b[?2026h').length;
  const before = draws();
  for (let i = 0; i < 1000; i += 1) job.log(`line ${i}\n`);
  await tick(cli);
  expect(draws() - before).toBeLessThanOrEqual(2);
  expect(cli.stdout.text.split('\n')).toHaveLength(1001);
  await jobs.end('a');
  await exit;
});

test('nothing ticks after the end', async () => {
  const { cli, jobs, exit } = start();
  await jobs.end('a');
  expect(await exit).toBe(0);
  const asked = cli.clock.asked.length;
  cli.clock.advance(1000);
  await cli.terminal.screen();
  expect(cli.clock.asked).toHaveLength(asked);
  expect(cli.terminal.listeners).toBe(0);
});

test('a terminal that is behind gets the log, and of the trees the newest once it has caught up', async () => {
  const { cli, jobs, exit } = start();
  const job = await jobs.job('a');
  await tick(cli);
  cli.stderr.stall();
  await tick(cli);
  const before = cli.stderr.text.length + cli.stderr.writableLength;
  for (let i = 0; i < 20; i += 1) {
    job.log(`line ${i}\n`);
    await tick(cli);
  }
  // One erasing, and then no tree: all that is written between is that something is.
  expect(cli.stderr.text.length + cli.stderr.writableLength - before).toBeLessThan(20 * 30);
  cli.stderr.resume();
  await tick(cli);
  await tick(cli);
  expect(timeless(await cli.terminal.screen()).at(-1)).toBe('* a  T  starts');
  await jobs.end('a');
  expect(await exit).toBe(0);
});

test('a slow reader of a log that goes elsewhere does not hold up the tree', async () => {
  const { cli, jobs, exit } = start({ piped: true });
  const job = await jobs.job('a');
  cli.stdout.stall();
  job.log('one\n');
  job.log('two\n');
  await tick(cli);
  expect(await cli.terminal.screen()).toEqual([RUN, '⠙ a  100 ms  starts']);
  cli.stdout.resume();
  await jobs.end('a');
  expect(await exit).toBe(0);
});

test('a line that is the first to see that the terminal was made narrower erases all of the old tree', async () => {
  const { cli, jobs, exit } = start({ files: four, terminal: { columns: 60, rows: 24 } });
  const a = await jobs.job('a');
  await tick(cli);
  await cli.terminal.resizeUntold(30, 24);
  a.log('a line\n');
  await tick(cli);
  expect((await cli.terminal.everything()).slice(2, 4)).toEqual([
    '[a] a line',
    '⠹ a           200 ms  starts',
  ]);
  expect(await cli.terminal.everything()).toHaveLength(8);
  await jobs.end('a', (job) => job.end({ status: 'failed', exit_code: 1 }));
  await exit;
});

test('whatever ends the process, the cursor needs no repair: it is never hidden', async () => {
  const { cli, jobs, exit } = start({ files: four });
  await jobs.job('a');
  await tick(cli);
  expect(await cli.terminal.cursor()).toEqual({ column: 0, row: 6 });
  await jobs.end('a', (job) => job.end({ status: 'failed', exit_code: 1 }));
  await exit;
  expect(cli.stderr.text).not.toContain('\x1b[?25l');
});

test('after Ctrl-C the tree goes on below the message, until all has ended', async () => {
  const { cli, jobs, exit } = start({ files: four });
  await jobs.job('a');
  await tick(cli);
  cli.terminal.write('^C');
  cli.ctrlC();
  await tickUntil(cli, /interrupted/);
  const screen = timeless(await cli.terminal.screen());
  expect(screen.slice(0, 2)).toEqual([
    RUN,
    'pikaci: interrupted: ending the jobs that run and collecting what they have; Ctr',
  ]);
  expect(screen[3]).toBe('* a  T  starts');
  expect(screen.join()).not.toContain('^C');
  await jobs.end('a', (job) => job.end({ status: 'cancelled', cause: 'cancelled', exit_code: 143 }));
  expect(await exit).toBe(130);
  expect(timeless(await cli.terminal.everything()).slice(3, 8)).toEqual([
    '– a  T  cancelled',
    '└─ – b                skipped: a was cancelled',
    '   └─ – c             skipped: a was cancelled',
    '      └─ – d          skipped: a was cancelled',
    '∙ 4 of 4 done, 3 skipped, 1 cancelled  T',
  ]);
});

test('a second Ctrl-C leaves the tree as it ends, with what is left behind', async () => {
  const { cli, jobs, exit } = start({ files: four });
  const job = await jobs.job('a');
  job.emit({ type: 'instance_created', instance: 'pikaci-0123456789ab' });
  cli.ctrlC();
  cli.ctrlC();
  expect(await exit).toBe(130);
  const lines = timeless(await cli.terminal.everything());
  expect(lines.slice(3, 9)).toEqual([
    '– a  T  left behind',
    '└─ – b                not started',
    '   └─ – c             not started',
    '      └─ – d          not started',
    '∙ 4 of 4 done, 3 cancelled, 1 left behind  T',
    '– a left behind',
  ]);
  expect(cli.terminal.listeners).toBe(0);
});

test('a bug ends the tree before it is told', async () => {
  const cli = new Cli({
    terminal: true,
    script: async (job) => {
      job.log('a line\n');
      throw new Error('a bug');
    },
  });
  expect(await cli.run('run')).toBe(3);
  expect((await cli.terminal.everything()).slice(0, 4)).toEqual([
    RUN,
    'a line',
    'pikaci: this is a bug in pikaci, please report it',
    '  Error: a bug',
  ]);
  expect(cli.terminal.listeners).toBe(0);
});

test('attach shows its job in the same way', async () => {
  const cli = new Cli({
    terminal: true,
    script: async (job) => {
      job.emit({ type: 'phase_started', phase: 'wait_for_completion' });
      await cli.clock.asleepFor(100);
      cli.clock.advance(100);
      await cli.terminal.shows('⠙ a  100 ms  wait_for_completion');
      return job.end({}, Promise.resolve(ok(undefined)));
    },
  });
  expect(await cli.run('attach', '20261123-164501-a1a2a3', 'a')).toBe(0);
  expect((await cli.terminal.screen()).slice(0, 2)).toEqual([RUN, '✓ a passed (exit code 0) in 0 ms']);
});
