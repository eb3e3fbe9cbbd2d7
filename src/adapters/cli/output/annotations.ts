import { testTitle } from '../../../domain/job/test-report.js';
import { escapeControls } from './escape-control.js';
import { type Place, placeInWorkspace } from './place-in-workspace.js';
import { jobSummary, type RunEnd } from './run-end.js';

/** GitHub shows ten of a kind for each step. */
const MOST = 10;

/**
 * Workflow commands of GitHub Actions, one string a line: an annotation for each test that failed, at its place, and for each job that
 * failed without one (https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands).
 */
export function annotations({ jobs }: RunEnd): string[] {
  return jobs
    .flatMap((end) => {
      const failures = end.kind === 'ended' ? (end.run.outcome.test_report?.failures ?? []) : [];
      const { status, message, allow_failure: allowed } = jobSummary(end);
      const kind = allowed === true ? 'warning' : 'error';
      if (failures.length === 0)
        return status === 'failed' || status === 'faulted'
          ? [command(kind, { title: `${end.jobId} ${status}` }, message || `the job ${status}`)]
          : [];
      return failures.map((failure) =>
        command(
          kind,
          {
            ...propertiesOf(placeInWorkspace(failure)),
            title: `${end.jobId}: ${testTitle(failure)}`,
          },
          failure.message || 'failed',
        ),
      );
    })
    .slice(0, MOST);
}

function propertiesOf(place: Place | null): Readonly<Record<string, string>> {
  if (place === null) return {};
  const { file, line } = place;
  return { file, ...(line === undefined ? {} : { line: String(line) }) };
}

function command(
  kind: 'error' | 'warning',
  properties: Readonly<Record<string, string>>,
  message: string,
): string {
  const said = Object.entries(properties).map(([name, value]) => `${name}=${property(value)}`);
  return `::${kind} ${said.join(',')}::${data(message)}`;
}

/** As the toolkit's own `escapeData` and `escapeProperty` (actions/toolkit, packages/core/src/command.ts). */
const data = (text: string) =>
  text
    .split('\n')
    .map(escapeControls)
    .join('\n')
    .replaceAll('%', '%25')
    .replaceAll('\r', '%0D')
    .replaceAll('\n', '%0A');
const property = (text: string) => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
