import { expect, test } from 'vitest';
import { jobStepsSchema } from '../../../../src/domain/job/job-step.js';
import { whySkipped } from '../../../../src/domain/job/why-skipped.js';

const STEPS = jobStepsSchema.parse([
  { id: 'lenient', command: 'x', continueOnError: true },
  { id: 'tests', name: 'The tests', command: 'x' },
  { id: 'deploy', command: 'x' },
  { id: 'bounded', command: 'x', timeoutSecs: 30 },
  { id: 'generous', command: 'x', timeoutSecs: 600, continueOnError: true },
  { id: 'report', command: 'x', if: 'failure' },
  { id: 'tidy', command: 'x', if: 'always' },
]);
type Before = Parameters<typeof whySkipped>[2][number];
const ended = (id: string, status: Before['status'], cause: Before['cause'] = 'exit'): Before => ({
  id,
  name: id === 'tests' ? 'The tests' : id,
  status,
  cause,
  started_at: status === 'skipped' ? null : '2026-11-23T16:45:00Z',
  finished_at: status === 'skipped' ? null : '2026-11-23T16:45:30Z',
});

test.each([
  ['deploy', [ended('lenient', 'failed'), ended('tests', 'failed')], 'the step The tests failed'],
  ['deploy', [ended('lenient', 'failed'), ended('tests', 'cancelled')], 'the job was cancelled'],
  ['report', [ended('lenient', 'failed'), ended('tests', 'passed')], 'nothing had failed'],
  ['report', [ended('tests', 'failed', 'timeout')], "the job's time was over"],
  ['tidy', [ended('tests', 'failed', 'timeout')], "the job's time was over"],
  ['tidy', [ended('tests', 'cancelled')], 'the job was cancelled'],
  ['tests', [ended('lenient', 'passed')], 'the job ended before its turn'],
  ['deploy', [ended('tests', 'failed', 'timeout')], "the job's time was over"],
  ['deploy', [ended('bounded', 'failed', 'timeout')], 'the step bounded timed out'],
  ['deploy', [ended('generous', 'failed', 'timeout')], "the job's time was over"],
  ['tidy', [ended('bounded', 'failed', 'timeout')], 'the job ended before its turn'],
  ['report', [ended('generous', 'failed', 'timeout'), ended('tests', 'passed')], 'nothing had failed'],
  [
    'tidy',
    [ended('tests', 'failed', 'timeout'), ended('deploy', 'skipped', 'skipped')],
    "the job's time was over",
  ],
] as const)('the step %s is skipped for a reason that people can read', (id, before, reason) => {
  expect(whySkipped(STEPS, id, before)).toBe(reason);
});
