import { attemptText, type JobAttempt } from '../../../domain/job/job-retry.js';
import type { Colours } from './colours.js';
import { escapeLine } from './escape-control.js';

/** The attempts before a job's last one, one string a line: how each ended, and its log. */
export function attemptLines(earlier: readonly JobAttempt[] = [], c: Colours): string[] {
  return earlier.map(
    (one) => `  ${c.yellow('↻')} ${escapeLine(attemptText(one))}  ${c.dim(escapeLine(one.guest_log_path))}`,
  );
}

/** ` in attempt 3`, behind how a job ended; empty for the first. */
export function inAttempt({ attempt }: { readonly attempt?: number | undefined }): string {
  return attempt === undefined ? '' : ` in attempt ${attempt}`;
}
