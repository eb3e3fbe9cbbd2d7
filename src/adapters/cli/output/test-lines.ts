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

/** What the reports of a job say of its tests, one string a line: failures first. */
export function testLines(report: TestReport | undefined, c: Colours): string[] {
  if (report === undefined) return [];
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
  if (more > 0) lines.push(`      and ${more} more`);
  for (const problem of reportProblems(report))
    lines.push(`  ${c.yellow('warning:')} ${escapeLine(problem)}`);
  return lines;
}
