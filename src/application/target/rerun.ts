import { err, type Result } from 'neverthrow';
import type { TargetConfigInput } from '../../domain/target/target-config.js';
import type { JobFault } from '../faults/job-fault.js';
import type { RecordPorts } from '../records/interrupted-run.js';
import { loadPlan } from '../records/load-plan.js';
import { loadRunRecord } from '../records/load-run-record.js';
import type { RunStateFault } from '../records/run-state-fault.js';
import type { RunTarget } from './run-target.js';
import type { RerunOptions, TargetRun } from './target-run.js';

/** Runs the recorded target once more; what it is comes from the run's own plan, so a configuration that has changed does not matter. */
export async function rerun(
  at: RecordPorts & { readonly stateRoot: string; readonly runTarget: RunTarget },
  runId: string,
  options: RerunOptions,
): Promise<Result<TargetRun, JobFault>> {
  const query = { stateRoot: at.stateRoot, runId, signal: options.signal };
  const run = await loadRunRecord(at, query);
  if (run.isErr()) return err(jobFault(at.files.host, run.error));
  const plan = await loadPlan(at.files, query);
  if (plan.isErr()) return err(jobFault(at.files.host, plan.error));
  const { target, target_id, selected_jobs: jobs } = plan.value;
  const { source_root: workspace } = run.value;
  return at.runTarget.run({
    workspace,
    jobs,
    ...options,
    target: target_id ?? '',
    // Parsed again where it is used.
    definition: (target ?? {}) as TargetConfigInput,
    rerunOf: runId,
  });
}

function jobFault(host: string, fault: RunStateFault): JobFault {
  const kinds: Partial<Record<RunStateFault['kind'], JobFault['kind']>> = {
    aborted: 'cancelled',
    invalid_id: 'invalid_job',
    no_such_run: 'no_such_job',
  };
  const { message, cause } = fault;
  const kind = kinds[fault.kind] ?? 'local_files';
  return { kind, phase: null, host, message, ...(cause === undefined ? {} : { cause }) };
}
