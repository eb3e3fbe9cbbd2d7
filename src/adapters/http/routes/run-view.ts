import { err, ok, type Result } from 'neverthrow';
import type { RunStateFault } from '../../../application/records/run-state-fault.js';
import { isFinal } from '../../../domain/events/run-status.js';
import type { CollectedArtifact } from '../../../domain/job/artifact.js';
import type { RunView } from '../pages/run-page.js';
import { GoingStretches, timelineOf } from '../pages/timeline.js';
import type { ServedRuns } from '../source/run-source.js';

/** All that the page of a run shows. */
export async function runView(
  { stateRoot, source }: ServedRuns,
  runId: string,
  signal: AbortSignal,
): Promise<Result<RunView, RunStateFault>> {
  const bundle = await source.loadRunBundle(stateRoot, runId, { signal });
  if (bundle.isErr()) return err(bundle.error);
  const { run } = bundle.value;
  const going = new GoingStretches(Date.now());
  if (!isFinal(run.status))
    for await (const stored of source.readEvents(stateRoot, runId, { from: 0, signal }))
      if (stored.isOk()) going.take(stored.value);
  const artifacts = new Map<string, readonly CollectedArtifact[]>();
  for (const { id } of run.jobs) {
    const job = await source.loadJob(stateRoot, runId, id, { signal });
    if (job.isOk()) artifacts.set(id, job.value.outcome?.artifacts.collected ?? []);
  }
  return ok({ bundle: bundle.value, artifacts, timeline: timelineOf(run, going) });
}
