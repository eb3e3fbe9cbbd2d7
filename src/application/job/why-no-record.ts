import { runStateLayout } from '../../domain/records/run-layout.js';
import type { RunJobRecord, RunRecord } from '../../domain/records/run-record.js';
import { neverBegan, type RecordPorts } from '../records/interrupted-run.js';
import { loadRunRecord } from '../records/load-run-record.js';

/** In one line, what became of a job that has no record of its own: the run's record knows. */
export async function whyNoRecord(
  ports: RecordPorts,
  { stateRoot, runId, jobId }: { readonly stateRoot: string; readonly runId: string; readonly jobId: string },
): Promise<string> {
  const state = runStateLayout(stateRoot, runId);
  const loaded = await loadRunRecord(ports, { stateRoot, runId });
  if (loaded.isErr()) {
    const isThere = (await ports.files.lstat(`${state.runDir}/jobs/${jobId}`)).isOk();
    // A job that was run without a target has no run's record.
    if (isThere) return `the job ${jobId} of ${runId} has no record: ${neverBegan(runId)}`;
    return `there is no run ${runId} in ${stateRoot} that has a job ${jobId}`;
  }
  const run = loaded.value;
  const job = run.jobs.find(({ id }) => id === jobId);
  if (job === undefined)
    return `the run ${runId} has no job ${jobId}; it has ${run.jobs.map(({ id }) => id).join(', ')}`;
  return `the job ${jobId} of ${runId} cannot be attached to: ${standing(run, job)}`;
}

function standing(run: RunRecord, { status, message }: RunJobRecord): string {
  const runner = run.runner === undefined ? '' : ` (process ${run.runner.pid} of ${run.runner.hostname})`;
  switch (status) {
    case 'pending':
      return `it is queued in its runner${runner}`;
    case 'running':
      return `its runner${runner} has not recorded a machine for it yet`;
    case 'interrupted':
      return message ?? neverBegan(run.run_id);
    default:
      return `it is ${status}${message === null || message === '' ? '' : `: ${message}`}`;
  }
}
