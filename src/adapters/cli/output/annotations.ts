import { posix } from 'node:path';
import { type FailedTest, testTitle } from '../../../domain/job/test-report.js';
import { escapeLine } from './escape-control.js';
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
            ...placeInWorkspace(failure),
            title: `${end.jobId}: ${testTitle(failure)}`,
          },
          failure.message || 'failed',
        ),
      );
    })
    .slice(0, MOST);
}

/**
 * A file of the workspace, relative to it, and the line. What a guest says of a file elsewhere, `/etc/passwd` or `../a`, is no place: the annotation
 * would stand at a file of the machine that reads it.
 */
function placeInWorkspace({ file, line }: FailedTest): Readonly<Record<string, string>> {
  if (file === undefined || /^[/\\]|^[A-Za-z][A-Za-z0-9+.-]*:/.test(file)) return {};
  const path = posix.normalize(file.replaceAll('\\', '/'));
  if (path === '.' || path === '..' || path.startsWith('../')) return {};
  return { file: path, ...(line === undefined ? {} : { line: String(line) }) };
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
    .map(escapeLine)
    .join('\n')
    .replaceAll('%', '%25')
    .replaceAll('\r', '%0D')
    .replaceAll('\n', '%0A');
const property = (text: string) => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
