import type { ArtifactReport } from '../../domain/job/artifact.js';
import type { JobOutcome } from '../../domain/job/job-outcome.js';
import type { FileStore } from '../../ports/file-store.js';
import { readCoverageReports } from '../reports/read-coverage-reports.js';
import { readTestReports } from '../reports/read-test-reports.js';
import type { JobSelection, ReportKind } from './job-selection.js';
import type { JobSession } from './job-session.js';

/** What the reports of a job say; each is left out where none of its kind was asked for. */
export type JobReported = Pick<JobOutcome, 'test_report' | 'coverage_report'>;

/** Reads what of the collected files are reports, and tells of it. */
export async function readJobReports(
  files: FileStore,
  session: JobSession,
  selection: JobSelection,
  { collected, incomplete }: ArtifactReport,
): Promise<JobReported> {
  const { job, state, masker } = session;
  const { junit, coverage } = job.reports ?? {};
  const found = (kind: ReportKind, patterns: readonly string[]) => ({
    directory: state.artifactsDir,
    paths: collected.map(({ path }) => path).filter((path) => selection.isReport(kind, path)),
    // Where not all could be looked at, there may be some.
    unmatched: incomplete === null ? selection.unmatched(patterns) : [],
  });
  const reported: JobReported = {};
  if (junit !== undefined) {
    const mask = (text: string) => masker.maskText(text);
    const of = { ...found('junit', junit), testsFile: state.testsFile, mask };
    reported.test_report = await readTestReports(files, of);
    session.emit({ type: 'tests_reported', report: reported.test_report });
  }
  if (coverage !== undefined) {
    reported.coverage_report = await readCoverageReports(files, found('coverage', coverage));
    session.emit({ type: 'coverage_reported', report: reported.coverage_report });
  }
  return reported;
}
