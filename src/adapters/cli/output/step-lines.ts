import stringWidth from 'string-width';
import type { JobStepRecord } from '../../../domain/job/step-record.js';
import type { Colours } from './colours.js';
import { escapeLine } from './escape-control.js';
import { formatDuration } from './quantities.js';

type Ended = Pick<JobStepRecord, 'status' | 'cause' | 'exit_code' | 'reason'>;

/** The steps of a job for people, one string a line: mark, name, how it ended, how long it took. */
export function stepLines(steps: readonly JobStepRecord[], c: Colours): string[] {
  const names = steps.map(({ name }) => escapeLine(name));
  const width = Math.max(0, ...names.map((name) => stringWidth(name)));
  return steps.map((step, index) => {
    const name = names[index] ?? '';
    const padding = ' '.repeat(width - stringWidth(name));
    return `  ${mark(step.status, c)} ${name}${padding}  ${stepVerdict(step, tookMs(step))}`;
  });
}

/** `failed (exit code 124, timeout) in 5.0 s`; `tookMs` is null where that is not known. */
export function stepVerdict({ status, cause, exit_code, reason }: Ended, tookMs: number | null): string {
  if (status === 'skipped') return reason === undefined ? 'skipped' : `skipped: ${escapeLine(reason)}`;
  if (status === 'running') return 'runs';
  const code = exit_code === null ? 'no exit code' : `exit code ${exit_code}`;
  const why = cause === null || cause === 'exit' ? '' : `, ${cause.replaceAll('_', ' ')}`;
  return `${status} (${code}${why})${tookMs === null ? '' : ` in ${formatDuration(tookMs)}`}`;
}

function tookMs({ started_at, finished_at }: JobStepRecord): number | null {
  const took = Date.parse(finished_at ?? '') - Date.parse(started_at ?? '');
  return Number.isFinite(took) ? Math.max(0, took) : null;
}

function mark(status: JobStepRecord['status'], c: Colours): string {
  if (status === 'passed') return c.green('✓');
  if (status === 'running') return c.cyan('●');
  return status === 'failed' ? c.red('✗') : c.yellow('–');
}
