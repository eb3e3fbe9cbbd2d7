import type { ArtifactReport } from '../../../domain/job/artifact.js';
import type { JobOutcome } from '../../../domain/job/job-outcome.js';
import { isLogCut } from '../../../domain/job/log-cut.js';
import type { Colours } from './colours.js';
import { escapeLine, escapeMessage } from './escape-control.js';
import { count, formatBytes } from './quantities.js';

/** Refused artifacts that are named; the rest is counted. */
const SHOWN_REFUSALS = 20;

/** Of the kept log, and of what there was where it was cut. */
export function logSize(outcome: JobOutcome): string {
  const kept = formatBytes(outcome.kept_log_bytes);
  return isLogCut(outcome) ? `cut at ${kept} of ${formatBytes(outcome.log_bytes)}, maxLogBytes` : kept;
}

/** What came back of a job, and what did not, one string a line. */
export function artifactLines(artifacts: ArtifactReport, directory: string, c: Colours): string[] {
  const lines: string[] = [];
  if (artifacts.collected.length > 0) {
    const bytes = artifacts.collected.reduce((sum, artifact) => sum + artifact.bytes, 0);
    lines.push(
      `  ${c.dim('artifacts')}  ${escapeLine(directory)} (${count(artifacts.collected.length, 'file')}, ${formatBytes(bytes)})`,
    );
  }
  if (artifacts.refused_count > 0) {
    lines.push(`  ${c.yellow('refused')}    ${count(artifacts.refused_count, 'artifact')}`);
    const shown = artifacts.refused.slice(0, SHOWN_REFUSALS);
    for (const { path, rule } of shown) lines.push(`             ${rule}: ${escapeLine(path)}`);
    const more = artifacts.refused_count - shown.length;
    if (more > 0) lines.push(`             and ${more} more`);
  }
  for (const pattern of artifacts.unmatched ?? [])
    lines.push(`  ${c.yellow('no artifact')} matches ${escapeLine(JSON.stringify(pattern))}`);
  if (artifacts.incomplete !== null) {
    lines.push(`  ${c.yellow('artifacts are incomplete')}: ${escapeMessage(artifacts.incomplete, '    ')}`);
  }
  return lines;
}
