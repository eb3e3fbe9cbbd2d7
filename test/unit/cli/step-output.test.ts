import { expect, test } from 'vitest';
import { z } from 'zod';
import { wireEventSchema } from '../../../src/domain/events/event.js';
import { jobOutcomeSchema } from '../../../src/domain/job/job-outcome.js';
import type { JobStepRecord } from '../../../src/domain/job/step-record.js';
import { skippedStep, stepRecord } from '../../support/job-steps.js';
import { Cli } from './cli-harness.js';
import type { JobScript, ScriptedJob } from './scripted-pikaci.js';

const EVIL = 'x\x1b[2J\u202e';
const STEPS: readonly JobStepRecord[] = [
  stepRecord('fetch', { name: 'Fetch it', log_start: 0, log_end: 8 }),
  stepRecord('tests', { name: EVIL, status: 'failed', exit_code: 7, log_start: 8, log_end: 12 }),
  skippedStep('deploy', `the step ${EVIL} failed`),
  stepRecord('tidy', { status: 'failed', cause: 'timeout', exit_code: 124, log_start: 12, log_end: 12 }),
];

function tell(job: ScriptedJob): void {
  for (const { id: step_id, name, status, cause, exit_code, log_start, log_end, reason } of STEPS) {
    const end = { step_id, name, status, cause, exit_code, duration_ms: 2000, log_start, log_end };
    if (log_start !== null) job.emit({ type: 'step_started', step_id, name, log_start });
    job.log(`log of ${step_id}\n`);
    job.emit({ type: 'step_finished', ...end, ...(reason === undefined ? {} : { reason }) });
  }
}

const script: JobScript = async (job) => {
  tell(job);
  return job.end({ status: 'failed', exit_code: 7, steps: [...STEPS] });
};

const SUMMARY = [
  '  ✓ Fetch it        passed (exit code 0) in 2.0 s',
  '  ✗ x\\x1b[2J\\u202e  failed (exit code 7) in 2.0 s',
  '  – deploy          skipped: the step x\\x1b[2J\\u202e failed',
  '  ✗ tidy            failed (exit code 124, timeout) in 2.0 s',
];

test('steps are told of as they begin and end, and once more in the summary', async () => {
  const cli = new Cli({ script });
  expect(await cli.run('run')).toBe(1);
  const lines = cli.stderr.text.split('\n');
  expect(lines.filter((line) => line.startsWith('[a] step'))).toEqual([
    '[a] step Fetch it …',
    '[a] step Fetch it passed (exit code 0) in 2.0 s',
    '[a] step x\\x1b[2J\\u202e …',
    '[a] step x\\x1b[2J\\u202e failed (exit code 7) in 2.0 s',
    '[a] step deploy skipped: the step x\\x1b[2J\\u202e failed',
    '[a] step tidy …',
    '[a] step tidy failed (exit code 124, timeout) in 2.0 s',
  ]);
  expect(lines.filter((line) => line.startsWith('  ')).slice(0, 4)).toEqual(SUMMARY);
  expect(cli.stdout.text).not.toContain('step ');
});

test('--output jsonl has an event for each, and --output json the steps of the outcome', async () => {
  const lines = new Cli({ script });
  await lines.run('run', '--output', 'jsonl');
  const events = lines.events.filter(({ type }) => String(type).startsWith('step_'));
  for (const event of events) wireEventSchema.parse(event);
  expect(events.map(({ type, step_id }) => `${type} ${step_id}`)).toEqual([
    'step_started fetch',
    'step_finished fetch',
    'step_started tests',
    'step_finished tests',
    'step_finished deploy',
    'step_started tidy',
    'step_finished tidy',
  ]);
  const document = new Cli({ script });
  await document.run('run', '--output', 'json');
  const schema = z.object({ jobs: z.array(z.object({ outcome: jobOutcomeSchema })) });
  expect(schema.parse(JSON.parse(document.stdout.text)).jobs[0]?.outcome.steps).toEqual(STEPS);
});
