import { expect, test } from 'vitest';
import { jobStepsSchema } from '../../../../src/domain/job/job-step.js';
import { whySkipped } from '../../../../src/domain/job/why-skipped.js';

const STEPS = jobStepsSchema.parse([
  { id: 'lenient', command: 'x', continueOnError: true },
  { id: 'tests', name: 'The tests', command: 'x' },
  { id: 'deploy', command: 'x' },
  { id: 'report', command: 'x', if: 'failure' },
  { id: 'tidy', command: 'x', if: 'always' },
]);
type Before = Parameters<typeof whySkipped>[2][number];
const ended = (id: string, status: Before['status'], cause: Before['cause'] = 'exit'): Before => ({
  id,
  name: id === 'tests' ? 'The tests' : id,
  status,
  cause,
});

test.each([
  ['deploy', [ended('lenient', 'failed'), ended('tests', 'failed')], 'the step The tests failed'],
  ['deploy', [ended('lenient', 'failed'), ended('tests', 'cancelled')], 'the job was cancelled'],
  ['report', [ended('lenient', 'failed'), ended('tests', 'passed')], 'nothing had failed'],
  ['report', [ended('tests', 'failed', 'timeout')], "the job's time was over"],
  ['tidy', [ended('tests', 'failed', 'timeout')], "the job's time was over"],
  ['tidy', [ended('tests', 'cancelled')], 'the job was cancelled'],
  ['tests', [ended('lenient', 'passed')], 'the job ended before its turn'],
] as const)('the step %s is skipped for a reason that people can read', (id, before, reason) => {
  expect(whySkipped(STEPS, id, before)).toBe(reason);
});
