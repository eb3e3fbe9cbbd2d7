import type { JobSpec } from '../../domain/job/job-spec.js';
import { collectedPatterns, type JobReports } from '../../domain/job/report-wishes.js';
import { guestSupervisorFiles } from '../../domain/machine/guest-paths.js';
import { ArtifactGlobs } from '../artifacts/artifact-globs.js';
import type { Selection } from '../artifacts/collect-input.js';

export type ReportKind = keyof JobReports;

/** What a job brings back, as artifacts or as reports. */
export class JobSelection implements Selection {
  readonly #all: ArtifactGlobs;
  readonly #reports: readonly {
    readonly kind: ReportKind;
    readonly globs: ArtifactGlobs;
    /** Local paths. */
    readonly found: Set<string>;
  }[];

  /** `mask` is what secrets in the names of kept files are masked with. */
  constructor(job: JobSpec, mask: (name: string) => string) {
    const supervisorFiles = guestSupervisorFiles(job);
    this.#all = new ArtifactGlobs(collectedPatterns(job), mask, supervisorFiles);
    this.#reports = (['junit', 'coverage'] as const).flatMap((kind) => {
      const patterns = job.reports?.[kind];
      if (patterns === undefined) return [];
      return [{ kind, globs: new ArtifactGlobs(patterns, mask, supervisorFiles), found: new Set<string>() }];
    });
  }

  get searchRoots(): readonly string[] {
    return this.#all.searchRoots;
  }

  matches(path: string): boolean {
    if (!this.#all.matches(path)) return false;
    for (const { globs, found } of this.#reports) {
      const local = globs.matches(path) ? this.localPath(path) : null;
      if (local !== null) found.add(local);
    }
    return true;
  }

  localPath(path: string): string | null {
    return this.#all.localPath(path);
  }

  /** Whether what is kept at a local path was asked for as a report of this kind. */
  isReport(kind: ReportKind, localPath: string): boolean {
    return this.#reports.some((one) => one.kind === kind && one.found.has(localPath));
  }

  /** Those of the patterns that matched nothing. */
  unmatched(patterns: readonly string[]): string[] {
    const without = new Set(this.#all.unmatched);
    return patterns.filter((pattern) => without.has(pattern));
  }
}
