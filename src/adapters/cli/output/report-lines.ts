import { coverageText } from '../../../domain/job/coverage-report.js';
import type { JobOutcome } from '../../../domain/job/job-outcome.js';
import {
  reportProblems,
  type TestReport,
  testCounts,
  testPlace,
  testTitle,
} from '../../../domain/job/test-report.js';
import type { Colours } from './colours.js';
import { escapeLine } from './escape-control.js';
import { formatDuration } from './quantities.js';

/** Failures that are named, and lines of a message; the page has more. */
const SHOWN_FAILURES = 20;
const SHOWN_LINES = 3;

type Reported = Pick<JobOutcome, 'test_report' | 'coverage_report'>;

/** What the reports of a job say, one string a line: of its tests the failures first. */
export function reportLines(reported: Reported, c: Colours): string[] {
  const { test_report: tests, coverage_report: coverage } = reported;
  const lines = tests === undefined ? [] : testLines(tests, c);
  if (coverage === undefined) return lines;
  lines.push(`  ${c.dim('coverage')}   ${coverageText(coverage)}`);
  return [...lines, ...problemLines(coverage, c)];
}

function testLines(report: TestReport, c: Colours): string[] {
  const took = report.time_ms > 0 ? `, ${formatDuration(report.time_ms)}` : '';
  const lines = [`  ${c.dim('tests')}      ${testCounts(report)}${took}`];
  const shown = report.failures.slice(0, SHOWN_FAILURES);
  for (const failure of shown) {
    const place = testPlace(failure);
    const at = place === '' ? '' : `  ${c.dim(escapeLine(place))}`;
    lines.push(`    ${c.red('✗')} ${escapeLine(testTitle(failure))}${at}`);
    const told = failure.message.split('\n').filter((line) => line.trim() !== '');
    for (const line of told.slice(0, SHOWN_LINES)) lines.push(`        ${escapeLine(line)}`);
  }
  const more = report.failed - shown.length;
  if (more > 0 && shown.length > 0) lines.push(`      and ${more} more`);
  return [...lines, ...problemLines(report, c)];
}

function problemLines(report: Parameters<typeof reportProblems>[0], c: Colours): string[] {
  return reportProblems(report).map((problem) => `  ${c.yellow('warning:')} ${escapeLine(problem)}`);
}
