import type { CoverageReport } from '../../domain/job/coverage-report.js';
import type { FileStore } from '../../ports/file-store.js';
import { type ReportsFound, readReportFiles, whereAny } from './report-files.js';

/** Reads what a job has left of coverage, all files together. */
export async function readCoverageReports(
  files: Pick<FileStore, 'readFile'>,
  { unmatched, ...found }: ReportsFound,
): Promise<CoverageReport> {
  // The parser is loaded where there is something to parse.
  const { readCoverage } = await import('./read-coverage.js');
  let [covered, total] = [0, 0];
  const read = await readReportFiles(files, found, async (bytes) => {
    const lines = await readCoverage(bytes);
    if (lines.isErr()) return lines.error;
    covered += lines.value.covered;
    total += lines.value.total;
    return lines.value.problem ?? null;
  });
  return {
    files: read.files,
    lines_covered: covered,
    lines_total: total,
    ...whereAny('unmatched', unmatched),
    ...(read.unread === 0 ? {} : { unread: read.unread }),
    ...whereAny('problems', read.problems),
  };
}
