import { join } from 'node:path';
import { err, ok } from 'neverthrow';
import { expect, test } from 'vitest';
import { runFinishedSchema } from '../../../src/domain/events/run-finished.js';
import { onAbort } from '../../../src/streams/on-abort.js';
import { Cli, configWith, folderWith } from './cli-harness.js';
import type { JobScript } from './scripted-pikaci.js';

const never = () => new Promise<never>(() => undefined);

test('Ctrl-C cancels the job, shows its result, waits for its machine to go and exits 130', async () => {
  let cleaned = false;
  const cli = new Cli({
    script: async (job) => {
      job.log('working\n');
      await job.interrupted();
      const cleanUp = Promise.resolve().then(() => {
        cleaned = true;
        return ok(undefined);
      });
      return job.end({ status: 'cancelled', cause: 'cancelled', exit_code: null }, cleanUp);
    },
  });
  const exit = cli.run('run');
  await cli.stdout.shows('working\n');
  cli.ctrlC();

  expect(await exit).toBe(130);
  expect(cli.pikaci.inputs[0]?.onAbort).toBe('cancel');
  expect(cleaned).toBe(true);
  expect(cli.pikaci.closed).toBe(1);
  expect(cli.stderr.text).toMatch(/interrupted: ending the jobs.*– a cancelled \(no exit code, cancelled\)/s);
});

test.each([
  ['queued', 'giving up what has not begun yet;'],
  ['wait_for_completion', 'ending the jobs that run and collecting what they have;'],
  [
    'collect_artifacts',
    /bringing back to the end what jobs have left that had ended \("pikaci attach \S+ a" does so if this is killed\);/,
  ],
] as const)(
  'a first signal says what it does in the phase %s, and not what it would do in another',
  async (phase, said) => {
    const cli = new Cli({
      script: async (job) => {
        job.emit({ type: 'phase_started', phase });
        job.log('there\n');
        await job.interrupted();
        return job.end({ status: 'cancelled', cause: 'cancelled', exit_code: null });
      },
    });
    const exit = cli.run('run');
    await cli.stdout.shows('there\n');
    cli.ctrlC();
    expect(await exit).toBe(130);
    const told = cli.stderr.text.split('\n').find((line) => line.includes('interrupted:')) ?? '';
    expect(told).toMatch(typeof said === 'string' ? new RegExp(`interrupted: ${said} Ctrl-C`) : said);
    expect(told.split('ending the jobs that run').length).toBe(phase === 'wait_for_completion' ? 2 : 1);
  },
);

test('jobs that wait for their turn are not started after Ctrl-C', async () => {
  const cli = new Cli({
    files: { 'pikaci.config.json': configWith(['a', 'b'], { parallel: 1 }) },
    script: async (job) => {
      job.log('working\n');
      await job.interrupted();
      return job.end({ status: 'cancelled', cause: 'cancelled', exit_code: null });
    },
  });
  const exit = cli.run('run', '--output', 'jsonl');
  await cli.stdout.shows('working');
  cli.ctrlC();
  expect(await exit).toBe(130);
  expect(cli.pikaci.inputs).toHaveLength(1);
  expect(cli.events.at(-1)).toMatchObject({
    jobs: [{ status: 'cancelled' }, { job_id: 'b', status: 'not_started' }],
  });
});

test('a second Ctrl-C leaves at once and says what is left and how to take it up or remove it', async () => {
  const cli = new Cli({
    script: async (job) => {
      job.emit({ type: 'instance_created', instance: 'pikaci-0123456789ab' });
      job.log('working\n');
      return never();
    },
  });
  const exit = cli.run('run');
  await cli.stdout.shows('working');
  cli.ctrlC();
  cli.ctrlC();

  expect(await exit).toBe(130);
  expect(cli.stderr.text).toContain('a left behind');
  expect(cli.stderr.text).toContain('the machine pikaci-0123456789ab on ci@box:22 may still run');
  expect(cli.stderr.text).toContain('pikaci attach 20261123-164501-a1a2a3 a\n');
  expect(cli.stderr.text).toContain('pikaci gc --remote\n');
});

test.each([
  [[], 'a interrupted before anything was made for it\n', []],
  [
    ['prepare_directories'],
    'a interrupted before its machine was made\n',
    ['its directory on ci@box:22 may stay', 'pikaci gc --remote\n'],
  ],
  [
    ['prepare_directories', 'launch_guest'],
    'a left behind\n',
    ['its machine on ci@box:22 may still run', 'pikaci attach 20261123-164501-a1a2a3 a\n'],
  ],
] as const)(
  'a second Ctrl-C after the phases %j says what may really be there',
  async (phases, what, more) => {
    const script: JobScript = async (job) => {
      for (const phase of phases) job.emit({ type: 'phase_started', phase });
      job.log('working\n');
      return never();
    };
    const left = async (...argv: string[]) => {
      const cli = new Cli({ script });
      const exit = cli.run('run', ...argv);
      await cli.stdout.shows('working');
      cli.ctrlC();
      cli.ctrlC();
      expect(await exit).toBe(130);
      return cli;
    };
    const { stderr } = await left();
    expect(stderr.text).toContain(what);
    for (const line of more) expect(stderr.text).toContain(line);
    expect(stderr.text.includes('attach')).toBe(phases.some((phase) => phase === 'launch_guest'));
    const { events } = await left('--output', 'jsonl');
    const message = [
      'left before anything was made for it',
      'left before its machine was made; its directory on the host may stay',
      'left behind',
    ][phases.length];
    expect(runFinishedSchema.parse(events.at(-1)).jobs[0]).toMatchObject({ status: 'abandoned', message });
  },
);

test('what is to be pasted after a second Ctrl-C has the options that said where the run is', async () => {
  const cli = new Cli({
    script: async (job) => {
      job.emit({ type: 'phase_started', phase: 'launch_guest' });
      job.log('working\n');
      return never();
    },
  });
  const elsewhere = folderWith({ 'my config.json': configWith(['a']) });
  const config = join(elsewhere, 'my config.json');
  const root = join(elsewhere, 'state');
  const exit = cli.run('run', '--config', config, '--state-root', root, '--host', 'me@box');
  await cli.stdout.shows('working');
  cli.ctrlC();
  cli.ctrlC();
  expect(await exit).toBe(130);
  const where = `--config '${config}' --host me@box --state-root ${root}\n`;
  expect(cli.stderr.text).toContain(`pikaci attach 20261123-164501-a1a2a3 a ${where}`);
  expect(cli.stderr.text).toContain(`pikaci gc --remote ${where}`);
});

test('after a second Ctrl-C the event stream still ends with run_finished', async () => {
  const cli = new Cli({
    script: async (job) => {
      job.log('working\n');
      return never();
    },
  });
  const exit = cli.run('run', '--output', 'jsonl');
  await cli.stdout.shows('working');
  cli.ctrlC();
  cli.ctrlC();
  expect(await exit).toBe(130);
  const last = runFinishedSchema.parse(cli.events.at(-1));
  expect(last).toMatchObject({ exit_code: 130, jobs: [{ job_id: 'a', status: 'abandoned' }] });
});

test('--on-interrupt detach leaves the job running and shows how to take it up', async () => {
  const cli = new Cli({
    script: async (job) => {
      job.log('working\n');
      await job.interrupted();
      return job.end({ status: 'detached', cause: 'detached', exit_code: null });
    },
  });
  const exit = cli.run('run', '--on-interrupt', 'detach');
  await cli.stdout.shows('working');
  cli.ctrlC();
  expect(await exit).toBe(130);
  expect(cli.pikaci.inputs[0]?.onAbort).toBe('detach');
  expect(cli.stderr.text).toMatch(/leaving the jobs running.*pikaci attach 20261123-164501-a1a2a3 a/s);
});

test('a machine that does not go is waited for half a minute, then left to the reaper; the result stands', async () => {
  const cli = new Cli({ script: async (job) => job.end({}, never()) });
  const exit = cli.run('run');
  await cli.clock.asleepFor(30_000);
  cli.clock.advance(30_000);
  expect(await exit).toBe(0);
  expect(cli.stderr.text).toMatch(/still removing the machine of a after 30 s; "pikaci gc --remote"/);
});

test('a machine that could not be removed is told and changes no result', async () => {
  const fault = { kind: 'incus', phase: 'clean_up', host: 'ci@box:22', message: 'it is busy' } as const;
  const cli = new Cli({ script: async (job) => job.end({}, Promise.resolve(err(fault))) });
  expect(await cli.run('run')).toBe(0);
  expect(cli.stderr.text).toMatch(/job a could not be removed.*incus in clean_up on ci@box:22: it is busy/s);
});

test('Ctrl-C while doctor looks exits 130', async () => {
  const cli = new Cli();
  cli.pikaci.doctor = async () => {
    cli.ctrlC();
    return { host: 'ci@box:22', ok: false, checks: [] };
  };
  expect(await cli.run('doctor')).toBe(130);
});

test.each(['human', 'jsonl'] as const)(
  'a second Ctrl-C while machines are removed says which may stay (--output %s)',
  async (output) => {
    const cli = new Cli({
      files: { 'pikaci.config.json': configWith(['a', 'b']) },
      script: async (job) => {
        job.emit({ type: 'instance_created', instance: `pikaci-of-${job.jobId}` });
        return job.end({}, job.jobId === 'a' ? never() : Promise.resolve(ok(undefined)));
      },
    });
    const exit = cli.run('run', '--output', output);
    await cli.clock.asleepFor(30_000);
    cli.ctrlC();
    cli.ctrlC();
    expect(await exit).toBe(130);
    if (output === 'jsonl') {
      const { jobs } = runFinishedSchema.parse(cli.events.at(-1));
      expect(jobs.map(({ status, machine }) => [status, machine])).toEqual([
        ['passed', 'pikaci-of-a'],
        ['passed', undefined],
      ]);
      return;
    }
    expect(cli.stderr.text).toContain(
      'the machine pikaci-of-a on ci@box:22 was still being removed, and may stay',
    );
    expect(cli.stderr.text).toContain('pikaci gc --remote\n');
    expect(cli.stderr.text).not.toContain('pikaci-of-b on ci@box:22');
  },
);

test.each([
  ['SIGINT', 'SIGTERM'],
  ['SIGTERM', 'SIGTERM'],
  ['SIGTERM', 'SIGHUP', 'SIGTERM'],
] as const)(
  '%s, then %s: no "leave at once", and what is being ended gets no more grace',
  async (...signals) => {
    const cli = new Cli({
      script: async (job) => {
        job.log('working\n');
        await job.interrupted();
        const { hurry } = cli.pikaci.inputs[0] ?? {};
        await new Promise<void>((hurried) => onAbort(hurry, hurried));
        return job.end({ status: 'cancelled', cause: 'cancelled', exit_code: 137 });
      },
    });
    const exit = cli.run('run');
    await cli.stdout.shows('working');
    for (const signal of signals) cli.signal(signal);
    expect(await exit).toBe(130);
    expect(cli.stderr.text).toContain('terminated while it ends: what still runs gets no more grace');
    expect(cli.stderr.text).toContain('a cancelled (exit code 137');
    expect(cli.stderr.text).not.toContain('left behind');
  },
);

test('a Ctrl-C behind a TERM leaves at once, as the message says', async () => {
  const cli = new Cli({
    script: async (job) => {
      job.log('working\n');
      return never();
    },
  });
  const exit = cli.run('run');
  await cli.stdout.shows('working');
  cli.signal('SIGTERM');
  expect(cli.stderr.text).toContain('Ctrl-C leaves at once');
  cli.ctrlC();
  expect(await exit).toBe(130);
  expect(cli.stderr.text).toContain('interrupted before anything was made for it');
});
