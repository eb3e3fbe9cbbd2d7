import { createHash } from 'node:crypto';
import { testTitle } from '../../../domain/job/test-report.js';
import { escapeLine } from './escape-control.js';
import { jsonText } from './json-text.js';
import { placeInWorkspace } from './place-in-workspace.js';
import type { RunEnd } from './run-end.js';

/**
 * GitLab's report of code quality: each test that failed at a place in the workspace. A test without one is left out, as GitLab shows none of these
 * (https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format).
 */
export function codeQuality({ jobs }: RunEnd): string {
  const seen = new Map<string, number>();
  const issues = jobs.flatMap((end) => {
    const failures = end.kind === 'ended' ? (end.run.outcome.test_report?.failures ?? []) : [];
    return failures.flatMap((failure) => {
      const place = placeInWorkspace(failure);
      if (place === null) return [];
      const title = testTitle(failure);
      // Without its line and its message: the same test is the same issue when it has moved.
      const key = JSON.stringify([end.jobId, place.file, failure.suite, failure.name]);
      const nth = seen.get(key) ?? 0;
      seen.set(key, nth + 1);
      return [
        {
          description: escapeLine(failure.message === '' ? title : `${title}: ${firstLine(failure.message)}`),
          check_name: `test ${end.jobId}`,
          fingerprint: createHash('sha256').update(`${nth} ${key}`).digest('hex'),
          severity: 'major',
          location: { path: place.file, lines: { begin: place.line ?? 1 } },
        },
      ];
    });
  });
  return `${jsonText(issues, 2)}\n`;
}

function firstLine(text: string): string {
  return text.trimStart().split('\n', 1)[0] ?? '';
}
