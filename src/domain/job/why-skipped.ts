import type { JobStep } from './job-step.js';
import type { JobStepRecord } from './step-record.js';

type Before = Pick<JobStepRecord, 'id' | 'name' | 'status' | 'cause' | 'started_at' | 'finished_at'>;

/** Why a step of a job was not run, for people; `before` are the records of those that stand before it. */
export function whySkipped(steps: readonly JobStep[], id: string, before: readonly Before[]): string {
  const stepOf = new Map(steps.map((step) => [step.id, step]));
  const wanted = stepOf.get(id)?.if ?? 'success';
  const last = before.findLast(({ started_at }) => started_at !== null);
  // Behind the end of the job's own time nothing runs.
  const isOver =
    last?.status === 'failed' && last.cause === 'timeout' && !isOwnTimeout(stepOf.get(last.id), last);
  const failed = before.find(
    ({ id: one, status }) => status === 'failed' && !stepOf.get(one)?.continueOnError,
  );
  if (before.some(({ status }) => status === 'cancelled')) return 'the job was cancelled';
  if (isOver) return "the job's time was over";
  if (wanted === 'failure' && failed === undefined) return 'nothing had failed';
  if (wanted === 'success' && failed !== undefined)
    return `the step ${failed.name} ${failed.cause === 'timeout' ? 'timed out' : 'failed'}`;
  return 'the job ended before its turn';
}

/** A step has timed out by its own bound when it has one, and ran as long as that; the guest's times have whole seconds. */
function isOwnTimeout(step: JobStep | undefined, { started_at, finished_at }: Before): boolean {
  if (step?.timeoutSecs === undefined) return false;
  const tookMs = Date.parse(finished_at ?? '') - Date.parse(started_at ?? '');
  return !Number.isFinite(tookMs) || tookMs >= (step.timeoutSecs - 1) * 1000;
}
