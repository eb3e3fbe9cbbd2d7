import { html } from 'hono/html';
import { type CoverageReport, coverageText } from '../../../domain/job/coverage-report.js';
import type { JobOutcome } from '../../../domain/job/job-outcome.js';
import {
  type FailedTest,
  reportProblems,
  type TestReport,
  testCounts,
  testPlace,
  testTitle,
} from '../../../domain/job/test-report.js';
import type { Html } from './html.js';
import { name, shownLines } from './name.js';
import { durationText } from './quantities.js';

/** What the reports of a job say; each is left out where none of its kind was asked for. */
export type JobReported = Pick<JobOutcome, 'test_report' | 'coverage_report' | 'services'>;

export function reportSections({ test_report: tests, coverage_report: coverage }: JobReported): Html {
  return html`${tests === undefined ? '' : testSection(tests)}${coverage === undefined ? '' : coverageSection(coverage)}`;
}

/** What the reports of a job say of its tests: failures first, each with its message to be opened, then the slowest. */
function testSection(report: TestReport): Html {
  const { failed, failures, slowest, time_ms: time } = report;
  const took = time > 0 ? ` · ${durationText(time)}` : '';
  const more = failed - failures.length;
  return html`<div class="tests"><p class="${failed > 0 ? 'problem' : 'muted'}">${testCounts(report)}${took}</p>
${failures.length === 0 ? '' : html`<ul>${failures.map(failedTest)}${more > 0 ? html`<li>and ${more} more</li>` : ''}</ul>`}
${problemNotes(report)}
${slowest.length === 0 ? '' : html`<details class="slowest"><summary>Slowest tests</summary><ol>${slowest.map(slowTest)}</ol></details>`}</div>`;
}

/** How many lines the tests of a job have run. */
function coverageSection(report: CoverageReport): Html {
  return html`<div class="tests"><p class="muted">coverage ${coverageText(report)}</p>${problemNotes(report)}</div>`;
}

function problemNotes(report: Parameters<typeof reportProblems>[0]): Html[] {
  return reportProblems(report).map((problem) => html`<p class="note">${name(problem)}</p>`);
}

function failedTest(test: FailedTest, index: number): Html {
  const place = testPlace(test);
  const at = place === '' ? '' : html` <code>${name(place)}</code>`;
  const title = html`${name(testTitle(test))}${at}`;
  if (test.message === '') return html`<li><p>${title}</p></li>`;
  return html`<li><details${index === 0 ? ' open' : ''}><summary>${title}</summary><pre>${shownLines(test.message)}</pre></details></li>`;
}

function slowTest(test: TestReport['slowest'][number]): Html {
  return html`<li>${name(testTitle(test))} <span class="muted">${durationText(test.time_ms)}</span></li>`;
}
