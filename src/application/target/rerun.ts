import { err, type Result } from 'neverthrow';
import { withRecordedShells } from '../../domain/job/job-shells.js';
import type { RunRecord } from '../../domain/records/run-record.js';
import type { TargetConfigInput } from '../../domain/target/target-config.js';
import type { WorkspaceScanner } from '../../ports/workspace-scanner.js';
import type { JobFault } from '../faults/job-fault.js';
import type { RecordPorts } from '../records/interrupted-run.js';
import { loadPlan } from '../records/load-plan.js';
import { loadRunRecord } from '../records/load-run-record.js';
import type { RunStateFault } from '../records/run-state-fault.js';
import type { JobSettings } from '../settings/job-settings.js';
import { nextAttempt } from './attempt.js';
import type { RunTarget } from './run-target.js';
import { takeOver } from './take-over.js';
import type { RerunOptions, TargetRun } from './target-run.js';

export interface RerunAt extends RecordPorts {
  readonly stateRoot: string;
  readonly runTarget: RunTarget;
  readonly scanner: WorkspaceScanner;
  /** Where this pikaci runs jobs. */
  readonly host: string;
  readonly backend: JobSettings['backend'];
  readonly trust: JobSettings['trust'];
}

/**
 * Runs the recorded target once more, with the options of then: what they are comes from the run's own records, so a configuration that
 * has changed does not matter. What is not as it was then is told as a `run_warning`.
 */
export async function rerun(
  at: RerunAt,
  runId: string,
  options: RerunOptions,
): Promise<Result<TargetRun, JobFault>> {
  const { host } = at.files;
  const query = { stateRoot: at.stateRoot, runId, signal: options.signal };
  const run = await loadRunRecord(at, query);
  if (run.isErr()) return err(runStateJobFault(host, run.error));
  if (run.value.options?.trust === 'untrusted' && at.trust !== 'untrusted') {
    const message = `${runId} was a run that is not trusted, and so is one that repeats it: --trust untrusted, or PIKACI_TRUST=untrusted`;
    return err({ kind: 'not_trusted', phase: null, host, message, field: 'trust' });
  }
  const plan = await loadPlan(at.files, query);
  if (plan.isErr()) return err(runStateJobFault(host, plan.error));
  const { target, target_id, selected_jobs: jobs } = plan.value;
  if (target === null) {
    const message = `there is nothing to run again: the records of ${runId} do not say what its target was`;
    return err({ kind: 'invalid_plan', phase: null, host, message, field: 'target' });
  }
  const { source_root: workspace } = run.value;
  const { only, ...own } = options;
  const input = { workspace, jobs, ...optionsOf(run.value), ...nextAttempt(run.value), ...own };
  const part = { run: run.value, plan: plan.value, scanner: at.scanner, host, signal: options.signal };
  return at.runTarget.run(
    // The definition is parsed again where it is used.
    {
      ...input,
      target: target_id ?? '',
      definition: withRecordedShells(target) as TargetConfigInput,
      rerunOf: runId,
    },
    {
      notes: notesOn(run.value, at, only),
      ...(only === undefined
        ? {}
        : {
            takeOver: (planned) =>
              takeOver({ ...part, selection: only, workspace: input.workspace }, planned),
          }),
    },
  );
}

export function optionsOf({ options = { backend: 'incus' } }: RunRecord): RerunOptions {
  const { branch, fail_fast: failFast, parallel, keep_on_failure_secs: keepOnFailureSecs } = options;
  return {
    ...(branch === undefined ? {} : { branch }),
    ...(failFast === undefined ? {} : { failFast }),
    ...(parallel === undefined ? {} : { parallel }),
    ...(keepOnFailureSecs === undefined ? {} : { keepOnFailureSecs }),
  };
}

/** What is not as it was then. */
function notesOn(
  { run_id: id, options, host, changed_files, jobs }: RunRecord,
  at: RerunAt,
  only: RerunOptions['only'],
): string[] {
  const notes: string[] = [];
  if (options === undefined)
    notes.push(`the record of ${id} does not say with which options it was run: those of its target hold`);
  else if (options.backend !== at.backend)
    notes.push(
      `${id} was run on ${options.backend}; this run is on ${at.backend}, as the configuration says`,
    );
  if (host !== null && host !== at.host)
    notes.push(`${id} was run on ${host}; this run is on ${at.host}, as the configuration says`);
  if (changed_files !== null)
    notes.push(`what had changed for ${id} is not looked at again: this run does all that was planned then`);
  const left = jobs.filter(({ status }) => status === 'interrupted').map((job) => job.id);
  if (left.length > 0) notes.push(`${id} lost its runner: ${left.join(', ')} may still run there`);
  if (only !== undefined)
    notes.push(
      `what is not run again is taken over from ${id}, with its logs and artifacts; the target is the recorded one`,
    );
  return notes;
}

export function runStateJobFault(host: string, fault: RunStateFault): JobFault {
  const kinds: Partial<Record<RunStateFault['kind'], JobFault['kind']>> = {
    aborted: 'cancelled',
    invalid_id: 'invalid_job',
    no_such_run: 'no_such_job',
  };
  const { message, cause } = fault;
  const kind = kinds[fault.kind] ?? 'local_files';
  return { kind, phase: null, host, message, ...(cause === undefined ? {} : { cause }) };
}
