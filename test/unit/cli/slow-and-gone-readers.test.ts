import { expect, test } from 'vitest';
import { MAX_BACKLOG } from '../../../src/adapters/cli/output/stream-output.js';
import { Cli } from './cli-harness.js';

test.each(['human', 'jsonl'])(
  'when the reader of %s output has gone, the job is cancelled and the exit status is 130',
  async (output) => {
    const cli = new Cli({
      script: async (job) => {
        cli.stdout.failWith('EPIPE');
        job.log('nobody reads this\n');
        await job.interrupted();
        job.log('nor this\n');
        return job.end({ status: 'cancelled', cause: 'cancelled', exit_code: null });
      },
    });
    expect(await cli.run('run', '--output', output)).toBe(130);
    expect(cli.stdout.text).not.toContain('nor this');
    expect(cli.stderr.text).toContain('the reader of standard output has gone: ending the jobs');
    expect(cli.pikaci.closed).toBe(1);
  },
);

test('a reader that goes when everything is over changes nothing', async () => {
  const cli = new Cli({
    script: async (job) => {
      cli.stdout.failWith('EPIPE');
      return job.end({});
    },
  });
  expect(await cli.run('run', '--output', 'json')).toBe(0);
});

test('a full disk behind standard output is a system failure', async () => {
  const cli = new Cli({
    script: async (job) => {
      cli.stdout.failWith('ENOSPC');
      return job.end({});
    },
  });
  expect(await cli.run('run', '--output', 'json')).toBe(3);
  expect(cli.stderr.text).toContain('cannot write to standard output: write ENOSPC');
});

test('a stalled reader holds the log back until it reads again', async () => {
  const order: string[] = [];
  const cli = new Cli({
    script: async (job) => {
      await job.drained();
      order.push('free');
      cli.stdout.stall();
      job.log(new Uint8Array(100_000).fill(65));
      const drained = job.drained().then(() => order.push('drained'));
      await Promise.resolve();
      order.push('reader reads');
      cli.stdout.resume();
      await drained;
      return job.end({});
    },
  });
  expect(await cli.run('run')).toBe(0);
  expect(order).toEqual(['free', 'reader reads', 'drained']);
  expect(cli.stdout.bytes).toHaveLength(100_000);
});

test('an emitter that does not wait for a stalled reader cannot fill the memory: log is left out, and that is said', async () => {
  const chunk = new Uint8Array(1024 * 1024).fill(65);
  const chunks = MAX_BACKLOG / chunk.length + 5;
  const cli = new Cli({
    script: async (job) => {
      cli.stdout.stall();
      for (let i = 0; i < chunks; i += 1) job.log(chunk);
      expect(cli.stdout.writableLength).toBeLessThanOrEqual(MAX_BACKLOG + chunk.length);
      cli.stdout.resume();
      return job.end({});
    },
  });
  expect(await cli.run('run')).toBe(0);
  expect(cli.stderr.text).toMatch(/4\.0 MiB of log were not shown, because the reader stalled/);
});

test('a second Ctrl-C leaves although the reader has stalled', async () => {
  const cli = new Cli({
    script: async (job) => {
      cli.stdout.stall();
      job.log('first\n');
      job.log('second\n');
      return job.end({});
    },
  });
  const exit = cli.run('run');
  await cli.stderr.shows('passed');
  cli.ctrlC();
  cli.ctrlC();
  await cli.clock.asleepFor(1000);
  cli.clock.advance(1000);
  expect(await exit).toBe(130);
});
