import { err, ok } from 'neverthrow';
import type { ArtifactReport } from '../../domain/job/artifact.js';
import { artifactPatterns } from '../../domain/job/artifact-wishes.js';
import { ArtifactGlobs } from '../artifacts/artifact-globs.js';
import { collectArtifacts } from '../artifacts/collect-artifacts.js';
import type { JobPorts } from '../settings/job-ports.js';
import { untilOverdue } from '../step/overdue.js';
import type { LiveJob } from './live-job.js';

const BOUND_MS = 30 * 60_000;

/** Brings back what the job's globs ask for, and tells of it. What could not be had is in the report. */
export async function collectJobArtifacts(
  { localFiles: files, clock }: Pick<JobPorts, 'localFiles' | 'clock'>,
  { session, options, machine }: LiveJob,
): Promise<ArtifactReport> {
  const [bound, done] = [new AbortController(), new AbortController()];
  // Not by a timer of the process: the time for which a runner was stopped is none for which it has collected.
  void untilOverdue({ clock, boundMs: BOUND_MS, isHeldUp: () => false }, done.signal).then((end) => {
    if (end === 'overdue') bound.abort();
  });
  const destroyed = options.onAbort === 'destroy' && options.signal !== undefined ? [options.signal] : [];
  const { job, state } = session;
  const selection = new ArtifactGlobs(artifactPatterns(job.artifacts));
  const input = {
    guest: machine.supervisor,
    files,
    clock,
    selection,
    caps: job.artifactCaps,
    destination: state.artifactsDir,
  };
  const collected = await session.during('collect_artifacts', async () => {
    const report = await collectArtifacts(input, { signal: AbortSignal.any([bound.signal, ...destroyed]) });
    done.abort();
    const { unmatched } = selection;
    if (report.incomplete !== null) return err(report);
    return ok(unmatched.length === 0 ? report : { ...report, unmatched: [...unmatched] });
  });
  const artifacts = collected.isOk() ? collected.value : collected.error;
  session.emit({ type: 'artifacts_collected', artifacts });
  return artifacts;
}
