import { expect, test } from 'vitest';
import { Cli, configWith } from './cli-harness.js';
import type { JobScript } from './scripted-pikaci.js';

const scripts: Record<string, JobScript> = {
  passed: async (job) => job.end({}),
  failed: async (job) => job.end({ status: 'failed', exit_code: 7 }),
  lost: async (job) => job.end({ status: 'failed', cause: 'lost', exit_code: null, message: 'it vanished' }),
  systemFailure: async (job) => job.fault({}),
  usage: async (job) => job.fault({ kind: 'run_exists', phase: null }),
  cancelled: async (job) => job.end({ status: 'cancelled', cause: 'cancelled', exit_code: null }),
  cancelledEarly: async (job) => job.fault({ kind: 'cancelled', phase: null }),
};

test.each([
  ['0 when the job passed', ['passed'], 0],
  ['1 when the job failed', ['failed'], 1],
  ['1 when the machine was lost, for there is no success without an exit record', ['lost'], 1],
  ['2 when the run is there already', ['usage'], 2],
  ['3 on a system failure', ['systemFailure'], 3],
  ['130 when the job was cancelled', ['cancelled'], 130],
  ['130 when it was cancelled before it began', ['cancelledEarly'], 130],
  ['1 when one of two jobs failed', ['passed', 'failed'], 1],
  ['3 when one failed and a system failure ended another', ['systemFailure', 'failed'], 3],
  ['3 before 2', ['usage', 'systemFailure'], 3],
  ['130 before everything else', ['cancelled', 'systemFailure', 'failed', 'passed'], 130],
])('the exit status is %s', async (_title, kinds, code) => {
  const cli = new Cli({
    files: { 'pikaci.config.json': configWith(kinds) },
    script: (job, input) => (scripts[job.jobId] as JobScript)(job, input),
  });

  expect(await cli.run('run')).toBe(code);
  expect(cli.pikaci.closed).toBe(1);
  expect(cli.signalHandlers).toBe(0);
});

test('a bug in the library ends the other jobs, closes everything and exits 3', async () => {
  const ended: string[] = [];
  const cli = new Cli({
    files: { 'pikaci.config.json': configWith(['bug', 'other']) },
    script: async (job) => {
      if (job.jobId === 'bug') throw new TypeError('x is not a function');
      await job.interrupted();
      ended.push(job.jobId);
      return job.end({ status: 'cancelled', exit_code: null });
    },
  });

  expect(await cli.run('run')).toBe(3);
  expect(cli.stderr.text).toMatch(/this is a bug in pikaci.*\n.*x is not a function/s);
  expect(ended).toEqual(['other']);
  expect(cli.pikaci.closed).toBe(1);
});

test('--fail-fast exits 1 with the failure: what that has ended was interrupted by nobody', async () => {
  const cli = new Cli({
    files: { 'pikaci.config.json': configWith(['a', 'slow', 'never'], { parallel: 2 }) },
    script: async (job) => {
      if (job.jobId === 'a') return job.end({ status: 'failed', exit_code: 7 });
      await job.interrupted();
      return job.end({ status: 'cancelled', cause: 'cancelled', exit_code: null });
    },
  });
  expect(await cli.run('run', '--fail-fast', '--output', 'jsonl')).toBe(1);
  expect(cli.events.at(-1)).toMatchObject({
    exit_code: 1,
    jobs: [{ status: 'failed' }, { status: 'cancelled' }, { status: 'skipped' }],
  });
});

test('Ctrl-C after the first failure exits 130 all the same', async () => {
  const cli = new Cli({
    files: { 'pikaci.config.json': configWith(['a', 'slow'], { parallel: 2 }) },
    script: async (job) => {
      if (job.jobId === 'a') return job.end({ status: 'failed', exit_code: 7 });
      job.log('working\n');
      await job.interrupted();
      return job.end({ status: 'cancelled', cause: 'cancelled', exit_code: null });
    },
  });
  const exit = cli.run('run');
  await cli.stdout.shows('working');
  cli.ctrlC();
  expect(await exit).toBe(130);
});

test('a job that could not be taken to its end says which machine stays, and how to go on', async () => {
  const script: JobScript = async (job) => {
    job.emit({ type: 'instance_created', instance: 'pikaci-0123456789ab' });
    return job.fault({ kind: 'local_files', phase: null, message: 'write job.json: no such directory' });
  };
  const cli = new Cli({ script });
  expect(await cli.run('run')).toBe(3);
  expect(cli.stderr.text).toContain('the machine pikaci-0123456789ab on ci@box:22 may still run');
  expect(cli.stderr.text).toContain('pikaci gc --remote\n');
  const json = new Cli({ script });
  expect(await json.run('run', '--output', 'json')).toBe(3);
  expect(JSON.parse(json.stdout.text).jobs[0]).toMatchObject({
    status: 'faulted',
    machine: 'pikaci-0123456789ab',
  });
});
