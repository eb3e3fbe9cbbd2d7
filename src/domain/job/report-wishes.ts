import { z } from 'zod';
import { isExclusion } from '../patterns/pattern-list.js';
import { type ArtifactWishes, artifactPattern, artifactPatterns } from './artifact-wishes.js';

const reportPatterns = z
  .array(
    artifactPattern.refine((pattern) => !isExclusion(pattern), {
      error: 'a pattern of a report takes nothing away; leave out the "!"',
    }),
  )
  .min(1)
  .max(20);

/** Files of a job that say what it has found out. They come back as artifacts do. */
export const jobReportsSchema = z.strictObject({
  /** Patterns (docs/patterns.md), as those of `artifacts`: files of test results in JUnit's format. */
  junit: reportPatterns.optional(),
  /** The same of line coverage: Cobertura, JaCoCo, Clover or LCOV. */
  coverage: reportPatterns.optional(),
});
export type JobReports = z.output<typeof jobReportsSchema>;

interface Wishing {
  readonly artifacts: ArtifactWishes;
  readonly reports?: JobReports | undefined;
}

/** All that a job brings back, each pattern once. */
export function collectedPatterns({ artifacts, reports }: Wishing): readonly string[] {
  return [
    ...new Set([...artifactPatterns(artifacts), ...(reports?.junit ?? []), ...(reports?.coverage ?? [])]),
  ];
}
