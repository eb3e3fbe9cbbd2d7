import { err, ok, type Result } from 'neverthrow';
import { type ArtifactReport, NO_ARTIFACTS } from '../../domain/job/artifact.js';
import { artifactPatterns } from '../../domain/job/artifact-wishes.js';
import type { JobSpec } from '../../domain/job/job-spec.js';
import { collectedPatterns } from '../../domain/job/report-wishes.js';
import type { TestReport } from '../../domain/job/test-report.js';
import { guestSupervisorFiles } from '../../domain/machine/guest-paths.js';
import type { FileFault } from '../../ports/file-store.js';
import { ArtifactGlobs } from '../artifacts/artifact-globs.js';
import { collectArtifacts } from '../artifacts/collect-artifacts.js';
import type { Selection } from '../artifacts/collect-input.js';
import { readTestReports } from '../reports/read-test-reports.js';
import type { JobPorts } from '../settings/job-ports.js';
import type { LiveJob } from './live-job.js';

/**
 * Brings back what the job's globs ask for, reads its reports, and tells of it. What could not be had is in the report. The folder is made anew: what a
 * runner that was killed while it collected has left there is in no record. `doubt` says why not all may be there. What aborts the job
 * lets a guest that is silent be waited for a shorter time; with `destroy` it ends the collecting. The fault is one of this machine's own
 * files: what the guest has is there still, and can be collected again.
 */
export async function collectJobArtifacts(
  { localFiles: files, clock }: Pick<JobPorts, 'localFiles' | 'clock'>,
  { session, options, machine }: LiveJob,
  { doubt, reconnectMs }: { readonly doubt: string | undefined; readonly reconnectMs: number },
): Promise<Result<Collected, FileFault>> {
  const { signal: aborted, onAbort } = options;
  const never = new AbortController().signal;
  const call = onAbort === 'destroy' ? { signal: aborted ?? never } : { signal: never, hurry: aborted };
  const { job, state } = session;
  const mask = (text: string) => session.masker.maskText(text);
  const selection = new JobSelection(job, mask);
  let notKept = null as FileFault | null;
  const onLocalFault = (fault: FileFault) => {
    notKept ??= fault;
  };
  const input = {
    guest: machine.supervisor,
    files,
    clock,
    selection,
    caps: job.artifactCaps,
    destination: state.artifactsDir,
    doubt,
    reconnectMs,
    onLocalFault,
  };
  const collected = await session.runPhase('collect_artifacts', async () => {
    const emptied = await files.remove(state.artifactsDir, { recursive: true });
    if (emptied.isErr()) onLocalFault(emptied.error);
    const report = emptied.isErr() ? notEmptied(emptied.error) : await collectArtifacts(input, call);
    if (report.incomplete !== null) return err(report);
    const unmatched = selection.unmatched(artifactPatterns(job.artifacts));
    return ok(unmatched.length === 0 ? report : { ...report, unmatched });
  });
  if (notKept !== null) return err(notKept);
  const artifacts = collected.isOk() ? collected.value : collected.error;
  session.emit({ type: 'artifacts_collected', artifacts });
  const { junit } = job.reports ?? {};
  if (junit === undefined) return ok({ artifacts, testReport: null });
  const testReport = await readTestReports(files, {
    directory: state.artifactsDir,
    testsFile: state.testsFile,
    mask,
    paths: artifacts.collected.map(({ path }) => path).filter((path) => selection.junit.has(path)),
    // Where not all could be looked at, there may be some.
    unmatched: artifacts.incomplete === null ? selection.unmatched(junit) : [],
  });
  session.emit({ type: 'tests_reported', report: testReport });
  return ok({ artifacts, testReport });
}

/** What came back of a job. */
export interface Collected {
  readonly artifacts: ArtifactReport;
  /** What its reports say of tests; null where none were asked for. */
  readonly testReport: TestReport | null;
}

/** What a job brings back, as artifacts or as reports. */
class JobSelection implements Selection {
  /** Local paths of what was asked for as a report of tests. */
  readonly junit = new Set<string>();
  readonly #all: ArtifactGlobs;
  readonly #junit: ArtifactGlobs;

  constructor(job: JobSpec, mask: (name: string) => string) {
    const supervisorFiles = guestSupervisorFiles(job);
    this.#all = new ArtifactGlobs(collectedPatterns(job), mask, supervisorFiles);
    this.#junit = new ArtifactGlobs(job.reports?.junit ?? [], mask, supervisorFiles);
  }

  get searchRoots(): readonly string[] {
    return this.#all.searchRoots;
  }

  matches(path: string): boolean {
    const isWanted = this.#all.matches(path);
    const local = isWanted && this.#junit.matches(path) ? this.localPath(path) : null;
    if (local !== null) this.junit.add(local);
    return isWanted;
  }

  localPath(path: string): string | null {
    return this.#all.localPath(path);
  }

  /** Those of the patterns that matched nothing. */
  unmatched(patterns: readonly string[]): string[] {
    const without = new Set(this.#all.unmatched);
    return patterns.filter((pattern) => without.has(pattern));
  }
}

function notEmptied({ path, message }: FileFault): ArtifactReport {
  return {
    ...NO_ARTIFACTS,
    incomplete: `${path} could not be emptied of what an earlier runner has left: ${message}`,
  };
}
