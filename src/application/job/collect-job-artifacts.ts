import { err, ok } from 'neverthrow';
import { type ArtifactReport, NO_ARTIFACTS } from '../../domain/job/artifact.js';
import { artifactPatterns } from '../../domain/job/artifact-wishes.js';
import type { FileFault } from '../../ports/file-store.js';
import { ArtifactGlobs } from '../artifacts/artifact-globs.js';
import { collectArtifacts } from '../artifacts/collect-artifacts.js';
import type { JobPorts } from '../settings/job-ports.js';
import { untilOverdue } from '../step/overdue.js';
import type { LiveJob } from './live-job.js';

const BOUND_MS = 30 * 60_000;

/**
 * Brings back what the job's globs ask for, and tells of it. What could not be had is in the report. The folder is made anew: what a
 * runner that was killed while it collected has left there is in no record. `doubt` says why not all may be there.
 */
export async function collectJobArtifacts(
  { localFiles: files, clock }: Pick<JobPorts, 'localFiles' | 'clock'>,
  { session, options, machine }: LiveJob,
  doubt: string | undefined,
): Promise<ArtifactReport> {
  const [bound, done] = [new AbortController(), new AbortController()];
  // Not by a timer of the process: the time for which a runner was stopped is none for which it has collected.
  void untilOverdue({ clock, boundMs: BOUND_MS, isHeldUp: () => false }, done.signal).then((end) => {
    if (end === 'overdue') bound.abort();
  });
  const destroyed = options.onAbort === 'destroy' && options.signal !== undefined ? [options.signal] : [];
  const { job, state } = session;
  const selection = new ArtifactGlobs(artifactPatterns(job.artifacts), (name) =>
    session.masker.maskText(name),
  );
  const input = {
    guest: machine.supervisor,
    files,
    clock,
    selection,
    caps: job.artifactCaps,
    destination: state.artifactsDir,
    doubt,
  };
  const collected = await session.during('collect_artifacts', async () => {
    const emptied = await files.remove(state.artifactsDir, { recursive: true });
    const signal = AbortSignal.any([bound.signal, ...destroyed]);
    const report = emptied.isErr() ? notEmptied(emptied.error) : await collectArtifacts(input, { signal });
    done.abort();
    const { unmatched } = selection;
    if (report.incomplete !== null) return err(report);
    return ok(unmatched.length === 0 ? report : { ...report, unmatched: [...unmatched] });
  });
  const artifacts = collected.isOk() ? collected.value : collected.error;
  session.emit({ type: 'artifacts_collected', artifacts });
  return artifacts;
}

function notEmptied({ path, message }: FileFault): ArtifactReport {
  return {
    ...NO_ARTIFACTS,
    incomplete: `${path} could not be emptied of what an earlier runner has left: ${message}`,
  };
}
