import { coverageText } from '../../../domain/job/coverage-report.js';
import {
  reportProblems,
  type TestReport,
  testCounts,
  testPlace,
  testTitle,
} from '../../../domain/job/test-report.js';
import { escapeLine } from './escape-control.js';
import { formatDuration } from './quantities.js';
import { type JobEnd, jobSummary, type RunEnd } from './run-end.js';

/** Failures of one job that are named. */
const SHOWN_FAILURES = 50;
/** Characters of the whole: GitHub takes a mebibyte, of which a character may need four bytes. */
const LONGEST = 250_000;

const ALLOWED = '⚠️';
const MARKS: Readonly<Record<string, string>> = { passed: '✅', failed: '❌', faulted: '💥' };

/** A run in GitHub's Markdown, for the summary of an outer CI: a table of its jobs, then the tests that failed. */
export function markdownSummary({ runId, target, jobs, prepares = [] }: RunEnd): string {
  const text = [
    `### pikaci: ${inline(target ?? 'job')} (${code(runId)})`,
    '',
    '| | job | result | took | tests | coverage |',
    '| --- | --- | --- | --- | --- | --- |',
    ...prepares.map(({ nodeId, fault, allowed }) =>
      row([allowed === true ? ALLOWED : '❌', code(nodeId), inline(fault.message), '', '', '']),
    ),
    ...jobs.map(jobRow),
    ...jobs.flatMap(testsOf),
    '',
  ].join('\n');
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}\n\n… and more\n`;
}

function jobRow(end: JobEnd): string {
  const {
    status,
    message,
    exit_code: exitCode,
    attempt,
    allow_failure: allowed,
    taken_over_from: from,
  } = jobSummary(end);
  const which = attempt === undefined ? '' : ` in attempt ${attempt}`;
  const outcome = end.kind === 'ended' ? end.run.outcome : null;
  const took =
    outcome === null ? Number.NaN : Date.parse(outcome.finished_at) - Date.parse(outcome.started_at);
  const why = status === 'passed' || message === '' ? '' : `: ${inline(message.split('\n')[0] ?? '')}`;
  const exit = exitCode === null || status === 'passed' ? '' : ` (exit code ${exitCode})`;
  return row([
    allowed === true ? ALLOWED : (MARKS[status] ?? '⚪'),
    code(end.jobId),
    `${status.replace('_', ' ')}${allowed === true ? ' (allowed)' : ''}${from === undefined ? '' : ` in ${inline(from)}, taken over`}${which}${exit}${why}`,
    Number.isFinite(took) ? formatDuration(Math.max(0, took)) : '',
    outcome?.test_report === undefined ? '' : testCounts(outcome.test_report),
    outcome?.coverage_report === undefined ? '' : coverageText(outcome.coverage_report),
  ]);
}

function testsOf(end: JobEnd): string[] {
  if (end.kind !== 'ended') return [];
  const { test_report: report, coverage_report: coverage } = end.run.outcome;
  const shown = (report?.failures ?? []).slice(0, SHOWN_FAILURES);
  const more = (report?.failed ?? 0) - shown.length;
  const lines = [
    ...shown.flatMap(failed),
    ...(more > 0 ? [`- and ${more} more`] : []),
    ...[report, coverage]
      .flatMap((of) => (of === undefined ? [] : reportProblems(of)))
      .map((problem) => `- ⚠️ ${inline(problem)}`),
  ];
  return lines.length === 0 ? [] : ['', `#### ${code(end.jobId)}`, '', ...lines];
}

function failed(failure: TestReport['failures'][number]): string[] {
  const place = testPlace(failure);
  const head = `- ❌ ${inline(testTitle(failure))}${place === '' ? '' : ` ${code(place)}`}`;
  if (failure.message.trim() === '') return [head];
  // Indented code ends at no fence that a message could have.
  return [head, '', ...failure.message.split('\n').map((line) => `      ${escapeLine(line)}`.trimEnd()), ''];
}

const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;

/** Text that is none of Markdown's, nor HTML's, whatever is in it; one line. */
function inline(text: string): string {
  return escapeLine(text).replace(
    /[\\`*_{}[\]()#+!|<>~&@:]/g,
    (character) => `&#${character.charCodeAt(0)};`,
  );
}

/** Code in which nothing ends it, and no cell of a table. */
function code(text: string): string {
  return `<code>${inline(text)}</code>`;
}
