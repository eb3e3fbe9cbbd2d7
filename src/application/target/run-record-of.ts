import { jobStateLayout, type RunStateLayout } from '../../domain/records/run-layout.js';
import type { RunJobRecord, RunRecord } from '../../domain/records/run-record.js';
import type { ExecuteNode, Plan } from '../../domain/target/plan.js';
import type { TargetConfig } from '../../domain/target/target-config.js';
import { allowance } from '../../domain/values/node-condition.js';
import type { ProcessIdentity } from '../../ports/processes.js';
import type { JobSettings } from '../settings/job-settings.js';
import { attemptOf } from './attempt.js';
import type { SettledNodes } from './settled-nodes.js';
import type { RunTargetInput } from './target-run.js';

export const FILTERED_OUT = 'none of the changed files matches the filters of the target';

export interface RunRecordInput {
  readonly state: RunStateLayout;
  readonly plan: Plan;
  readonly target: TargetConfig;
  readonly createdAt: string;
  /** The filters of the target match nothing that has changed. */
  readonly skipped: boolean;
  readonly runner: ProcessIdentity;
  readonly settled: SettledNodes;
  readonly settings: Pick<JobSettings, 'stateRoot' | 'backend' | 'trust'>;
  readonly host: string;
}

/** The record of a run as it begins. */
export function runRecordOf(input: RunTargetInput, run: RunRecordInput): RunRecord {
  const { state, plan, target, createdAt, skipped, runner, settled } = run;
  const attempt = attemptOf(input);
  return {
    schema_version: 1,
    run_id: state.runDir.slice(state.runsDir.length + 1),
    status: skipped ? 'skipped' : 'running',
    rerun_of: input.rerunOf ?? null,
    ...(attempt === null ? {} : { attempt }),
    target_id: input.target,
    target_description: target.description ?? null,
    host: run.host,
    source_root: input.workspace,
    snapshot_dir: null,
    git_head: null,
    git_dirty: null,
    git_branch: input.branch ?? null,
    created_at: createdAt,
    finished_at: skipped ? createdAt : null,
    runner: { ...runner },
    plan_path: state.planRecord,
    prepared_outputs_path: null,
    changed_files: input.changedFiles === undefined ? null : [...input.changedFiles],
    filters: [...target.filters],
    message: skipped ? FILTERED_OUT : null,
    options: runOptions(input, run.settings),
    prepare_timings: plan.nodes.flatMap(({ id }) => settled.get(id)?.timing ?? []),
    jobs: plan.nodes.flatMap((node): RunJobRecord[] =>
      node.kind === 'prepare' ? [] : [settled.get(node.id)?.job ?? newJob(node, run)],
    ),
  };
}

function newJob(node: ExecuteNode, { state, settings, skipped }: RunRecordInput): RunJobRecord {
  const runId = state.runDir.slice(state.runsDir.length + 1);
  const { hostLog, guestLog } = jobStateLayout(settings.stateRoot, runId, node.id);
  return {
    id: node.id,
    description: node.description,
    status: skipped ? 'skipped' : 'pending',
    ...allowance(node),
    ...(node.artifactsFrom.length === 0 ? {} : { artifacts_from: [...node.artifactsFrom] }),
    executor: 'remote_linux_vm',
    plan_node_id: node.id,
    timeout_secs: node.job.timeoutSecs,
    host_log_path: hostLog,
    guest_log_path: guestLog,
    started_at: null,
    finished_at: null,
    exit_code: null,
    message: skipped ? FILTERED_OUT : null,
    pre_execution_prepare_duration_ms: null,
    remote_linux_vm_execution: null,
  };
}

function runOptions(
  input: RunTargetInput,
  { backend, trust }: Pick<JobSettings, 'backend' | 'trust'>,
): RunRecord['options'] {
  const { branch, failFast, parallel, keepOnFailureSecs } = input;
  return {
    backend,
    ...(trust === 'untrusted' ? { trust } : {}),
    ...(branch === undefined ? {} : { branch }),
    ...(failFast === undefined ? {} : { fail_fast: failFast }),
    ...(parallel === undefined ? {} : { parallel }),
    ...(keepOnFailureSecs === undefined ? {} : { keep_on_failure_secs: keepOnFailureSecs }),
  };
}
