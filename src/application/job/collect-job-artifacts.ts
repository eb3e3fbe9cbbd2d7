import { err, ok, type Result } from 'neverthrow';
import { type ArtifactReport, NO_ARTIFACTS } from '../../domain/job/artifact.js';
import { artifactPatterns } from '../../domain/job/artifact-wishes.js';
import type { FileFault } from '../../ports/file-store.js';
import { collectArtifacts } from '../artifacts/collect-artifacts.js';
import type { JobPorts } from '../settings/job-ports.js';
import { JobSelection } from './job-selection.js';
import type { LiveJob } from './live-job.js';
import { type JobReported, readJobReports } from './read-job-reports.js';

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
  const selection = new JobSelection(job, (name) => session.masker.maskText(name));
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
  return ok({ artifacts, reported: await readJobReports(files, session, selection, artifacts) });
}

/** What came back of a job, and what its reports say. */
export interface Collected {
  readonly artifacts: ArtifactReport;
  readonly reported: JobReported;
}

function notEmptied({ path, message }: FileFault): ArtifactReport {
  return {
    ...NO_ARTIFACTS,
    incomplete: `${path} could not be emptied of what an earlier runner has left: ${message}`,
  };
}
