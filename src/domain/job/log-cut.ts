import type { JobOutcome } from './job-outcome.js';

/**
 * Whether the kept log ends at its cap (`maxLogBytes`), before what the guest wrote does. Outcomes of before 0.2 say nothing of it; of them one with
 * fewer bytes than the guest wrote counts.
 */
export function isLogCut({
  log_cut,
  log_bytes,
  kept_log_bytes,
}: Pick<JobOutcome, 'log_cut' | 'log_bytes' | 'kept_log_bytes'>): boolean {
  return log_cut ?? kept_log_bytes < log_bytes;
}
