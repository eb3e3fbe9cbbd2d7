import { err, ok, type Result } from 'neverthrow';
import type { RunStateFault } from '../../../application/records/run-state-fault.js';
import { isFinal } from '../../../domain/events/run-status.js';
import type { CollectedArtifact } from '../../../domain/job/artifact.js';
import type { JobReported } from '../pages/report-section.js';
import type { RunView } from '../pages/run-page.js';
import { GoingStretches, timelineOf } from '../pages/timeline.js';
import { type CutOfLog, cutOf } from '../source/cut-of-log.js';
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
  const cuts = new Map<string, CutOfLog>();
  const reports = new Map<string, JobReported>();
  // Asked before the jobs, so that one that ends meanwhile is told of by its outcome.
  const logs = await source.loadLogsMetadata(stateRoot, runId, { signal });
  for (const { id } of run.jobs) {
    const job = await source.loadJob(stateRoot, runId, id, { signal });
    const outcome = job.isOk() ? job.value.outcome : null;
    if (job.isOk()) artifacts.set(id, outcome?.artifacts.collected ?? []);
    const cut = cutOf(outcome, logs.isOk() ? logs.value.jobs.find((log) => log.id === id) : undefined);
    if (cut !== null) cuts.set(id, cut);
    if (outcome !== null) reports.set(id, outcome);
  }
  const all = await source.summarizeRuns(stateRoot, { signal });
  const repeatedBy = all.isErr()
    ? []
    : all.value.runs.flatMap((one) => (one.rerun_of === runId ? [one.run_id] : []));
  return ok({ bundle: bundle.value, artifacts, cuts, reports, timeline: timelineOf(run, going), repeatedBy });
}
