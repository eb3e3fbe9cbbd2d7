import { expect, test } from 'vitest';
import { z } from 'zod';
import { wireEventSchema } from '../../../src/domain/events/event.js';
import { runEventSchema } from '../../../src/domain/events/run-event.js';
import { runFinishedSchema } from '../../../src/domain/events/run-finished.js';
import { Cli, configWith } from './cli-harness.js';
import { AT } from './scripted-pikaci.js';

const texts = (cli: Cli, jobId = 'a') =>
  cli.events
    .filter((event) => event['type'] === 'log' && event['job_id'] === jobId)
    .map((event) => event['text']);

test('standard output is one event a line, as the schema has it, and run_finished is the last', async () => {
  const cli = new Cli({
    script: async (job) => {
      job.emit({ type: 'job_started', host: 'ci@box:22', backend: 'incus' });
      job.emit({ type: 'phase_started', phase: 'launch_guest' });
      job.emit({ type: 'instance_created', instance: 'pikaci-1' });
      job.emit({ type: 'phase_finished', phase: 'launch_guest', duration_ms: 212, ok: true });
      job.log('hello\n');
      return job.end({ status: 'failed', exit_code: 7, message: 'exit status 7' });
    },
  });
  expect(await cli.run('run', '--output', 'jsonl')).toBe(1);

  const events = cli.events;
  for (const event of events.slice(0, -1)) z.union([wireEventSchema, runEventSchema]).parse(event);
  expect(events.map((event) => event['type'])).toEqual([
    'run_started',
    'node_started',
    'job_started',
    'phase_started',
    'instance_created',
    'phase_finished',
    'log',
    'job_finished',
    'node_finished',
    'run_ended',
    'run_closed',
    'run_finished',
  ]);
  expect(events.at(-5)).toMatchObject({ job_id: 'a', exit_code: 7, status: 'failed' });
  expect(runFinishedSchema.parse(events.at(-1))).toEqual({
    type: 'run_finished',
    schema_version: 1,
    at: AT,
    run_id: '20261123-164501-a1a2a3',
    exit_code: 1,
    jobs: [
      {
        job_id: 'a',
        status: 'failed',
        cause: 'exit',
        exit_code: 7,
        message: 'exit status 7',
        guest_log: '/state/runs/20261123-164501-a1a2a3/jobs/a/guest.log',
        artifacts_dir: '/state/runs/20261123-164501-a1a2a3/jobs/a/artifacts',
        fault: null,
      },
    ],
    prepare_faults: [],
  });
});

test('a character that two chunks share comes whole, for each job on its own', async () => {
  const euro = Buffer.from('€');
  const cli = new Cli({
    files: { 'pikaci.config.json': configWith(['a', 'b'], { parallel: 1 }) },
    script: async (job) => {
      job.log(euro.subarray(0, 1));
      job.log(euro.subarray(1));
      return job.end({});
    },
  });
  await cli.run('run', '--output', 'jsonl');
  expect(texts(cli, 'a')).toEqual(['€']);
  expect(texts(cli, 'b')).toEqual(['€']);
});

test('invalid UTF-8 is replaced, and half a character at the end comes before job_finished', async () => {
  const cli = new Cli({
    script: async (job) => {
      job.log(Uint8Array.of(0x61, 0xff, 0x62));
      job.log(Uint8Array.of(0xe2, 0x82));
      return job.end({});
    },
  });
  await cli.run('run', '--output', 'jsonl');
  expect(texts(cli)).toEqual(['a\ufffdb', '\ufffd']);
  expect(cli.events.map((event) => event['type']).slice(2, 5)).toEqual(['log', 'log', 'job_finished']);
});

test('a job without a result is in run_finished with its fault, and in words on standard error', async () => {
  const cli = new Cli({
    script: async (job) =>
      job.fault({
        kind: 'image_not_found',
        message: 'no image pikaci/dev',
        cause: {
          kind: 'not_found',
          host: 'ci@box:22',
          tried: 'GET /1.0/images',
          status: 404,
          message: 'nope',
        },
      }),
  });
  expect(await cli.run('run', '--output', 'jsonl')).toBe(3);
  expect(runFinishedSchema.parse(cli.events.at(-1)).jobs[0]).toMatchObject({
    status: 'faulted',
    exit_code: null,
    fault: { kind: 'image_not_found', phase: 'launch_guest', cause: { kind: 'not_found', status: 404 } },
  });
  expect(cli.stderr.text).toContain('image_not_found in launch_guest on ci@box:22: no image pikaci/dev');
});
