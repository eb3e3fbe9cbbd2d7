import { html } from 'hono/html';
import type { JobStepRecord } from '../../../domain/job/step-record.js';
import type { PlacedStep } from '../log/placed-steps.js';
import type { Html } from './html.js';
import { name } from './name.js';
import { encoded, statusMark } from './page.js';
import { between } from './quantities.js';

export interface FoldParts {
  readonly lines: readonly Html[];
  readonly isOpen: boolean;
  /** True when the step began on an earlier page. */
  readonly continues: boolean;
}

/** A step in the log of its job, with its lines; one that was skipped is a line of its own, which cannot be opened. */
export function stepFold(
  { step, first }: Omit<PlacedStep, 'isReached'>,
  { lines, isOpen, continues }: FoldParts,
): Html {
  const head = html`${statusMark(step.status)} <span class="what">${name(step.name)}</span> <span class="took">${stepEnd(step)}${continues ? ' · began in an earlier part' : ''}</span>`;
  if (step.status === 'skipped')
    return html`<div class="step ${step.status}" id="${foldId(step)}"><p class="step-head">${head}</p></div>`;
  return html`<details class="step ${step.status}" id="${foldId(step)}" data-first="${first}"${isOpen ? html` open` : ''}><summary class="step-head">${head}</summary><pre>${lines}</pre></details>`;
}

/** What people look for is open: what runs, and what did not pass. */
export function opensByItself({ status }: JobStepRecord): boolean {
  return status !== 'passed' && status !== 'skipped';
}

/** Of its element in the page of a log. */
export function foldId({ id }: JobStepRecord): string {
  return `step-${encoded(id)}`;
}

/** `exit code 124 (timeout) · 5.0 s`, or why it was skipped. */
export function stepEnd(step: JobStepRecord): Html {
  if (step.status === 'skipped') return step.reason === undefined ? html`` : name(step.reason);
  const code = step.exit_code === null ? '' : `exit code ${step.exit_code}`;
  const isPlain = step.cause === null || step.cause === 'exit' || step.cause === step.status;
  const why = isPlain ? '' : `(${step.cause?.replaceAll('_', ' ')})`;
  const parts = [code, why].filter((text) => text !== '').join(' ');
  return html`${[parts, between(step.started_at, step.finished_at)].filter((text) => text !== '').join(' · ')}`;
}
