import type { JobStep } from './job-step.js';
import type { JobStepRecord } from './step-record.js';

/** Why a step of a job was not run, for people; `before` are the records of those that stand before it. */
export function whySkipped(
  steps: readonly JobStep[],
  id: string,
  before: readonly Pick<JobStepRecord, 'id' | 'name' | 'status' | 'cause'>[],
): string {
  const wanted = steps.find((step) => step.id === id)?.if ?? 'success';
  const lenient = new Set(steps.flatMap((step) => (step.continueOnError ? [step.id] : [])));
  const failed = before.find((record) => record.status === 'failed' && !lenient.has(record.id));
  if (before.some(({ status }) => status === 'cancelled')) return 'the job was cancelled';
  if (wanted === 'failure' && failed === undefined) return 'nothing had failed';
  if (wanted === 'success' && failed !== undefined) return `the step ${failed.name} failed`;
  // What is left is skipped when the job ends before its turn, whatever it is run for.
  if (before.some(({ status, cause }) => status === 'failed' && cause === 'timeout'))
    return "the job's time was over";
  return 'the job ended before its turn';
}
