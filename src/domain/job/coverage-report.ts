import { z } from 'zod';
import { unreadMark } from './test-report.js';

const count = z.number().int().nonnegative();

/** What the coverage reports of a job say, all files together. */
export const coverageReportSchema = z.looseObject({
  /** Report files that were read whole. */
  files: count,
  lines_covered: count,
  lines_total: count,
  /** Patterns that matched no file; left out when there is none. */
  unmatched: z.array(z.string()).optional(),
  /** Report files that could not be read, or not whole; left out when there is none. */
  unread: count.optional(),
  /** Why they could not; at most 20. Of LCOV that was cut the records before the cut are counted, of others nothing. */
  problems: z.array(z.looseObject({ path: z.string(), message: z.string() })).optional(),
});
/** How many lines the tests of a job have run, as its coverage reports say. */
export type CoverageReport = z.infer<typeof coverageReportSchema>;

/** The same without texts: what the record of a run takes of each of its jobs. */
export function coverageSums({ unmatched: _, problems: __, ...report }: CoverageReport): CoverageReport {
  return report;
}

/** Between 0 and 1; null where no report has a line. */
export function coverageOf(reports: readonly (CoverageReport | undefined)[]): number | null {
  let [covered, total] = [0, 0];
  for (const report of reports) {
    covered += report?.lines_covered ?? 0;
    total += report?.lines_total ?? 0;
  }
  return total === 0 ? null : Math.min(1, covered / total);
}

/** `81.3 %`. Rounded down, so that only all is 100. */
export function percent(ratio: number): string {
  return `${(Math.floor(ratio * 1000) / 10).toFixed(1)} %`;
}

/** `81.3 % of 1234 lines`, and how many files are not in it. */
export function coverageText(report: CoverageReport): string {
  const ratio = coverageOf([report]);
  const lines = ratio === null ? 'no lines' : `${percent(ratio)} of ${report.lines_total} lines`;
  return `${lines}${unreadMark(report)}`;
}
