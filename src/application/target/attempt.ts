import type { RunRecord } from '../../domain/records/run-record.js';
import type { RunTargetInput } from './target-run.js';

/** Null when nobody knows. */
export function attemptOf({ attempt, rerunOf }: Pick<RunTargetInput, 'attempt' | 'rerunOf'>): number | null {
  return attempt ?? (rerunOf === undefined ? 1 : null);
}

/** Of a run that repeats this one. What a record of before 0.2.0 repeats it does not say how often. */
export function nextAttempt({ attempt, rerun_of }: RunRecord): { readonly attempt?: number } {
  const last = attempt ?? (rerun_of === null ? 1 : undefined);
  return last === undefined ? {} : { attempt: last + 1 };
}
