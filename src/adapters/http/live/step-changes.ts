import { err, ok, type Result } from 'neverthrow';
import type { RunStateFault } from '../../../application/records/run-state-fault.js';
import type { JobStepRecord } from '../../../domain/job/step-record.js';
import type { LogCall } from '../log/log-reading.js';
import { placedSteps } from '../log/placed-steps.js';
import { opensByItself, stepFold } from '../pages/step-fold.js';
import type { ServedRuns } from '../source/run-source.js';

/** A step that a page is told of; `html` is its fold, without lines. */
export interface FoldChange {
  readonly first: number;
  readonly html: string;
}

/** What has changed in the steps of a job, for the page that follows its log. */
export class StepChanges {
  readonly #runs: ServedRuns;
  readonly #call: LogCall;
  readonly #firsts = new Map<string, number>();
  readonly #told = new Map<string, string>();

  constructor(runs: ServedRuns, call: LogCall) {
    this.#runs = runs;
    this.#call = call;
  }

  /** A step that is recorded before its log is there is told of once it is. */
  async next(steps: readonly JobStepRecord[]): Promise<Result<readonly FoldChange[], RunStateFault>> {
    // Where a step begins stays as it is, so the log is read again for new ones only.
    if (steps.some(({ id }) => !this.#firsts.has(id))) {
      const placed = await placedSteps(this.#runs, this.#call, steps);
      if (placed.isErr()) return err(placed.error);
      for (const { step, first, isReached } of placed.value) if (isReached) this.#firsts.set(step.id, first);
    }
    const changed = steps.flatMap((step): FoldChange[] => {
      const first = this.#firsts.get(step.id);
      if (first === undefined) return [];
      const parts = { lines: [], isOpen: opensByItself(step), continues: false };
      const html = stepFold({ step, first }, parts).toString();
      if (this.#told.get(step.id) === html) return [];
      this.#told.set(step.id, html);
      return [{ first, html }];
    });
    return ok(changed);
  }
}
