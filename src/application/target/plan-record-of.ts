import { type JobStep, withoutSecretIds } from '../../domain/job/job-step.js';
import type { PlanNodeRecord, PlanRecord, PrepareNodeRecord } from '../../domain/records/plan-record.js';
import type { Plan, PlanNode, PrepareNode } from '../../domain/target/plan.js';
import type { TargetConfig } from '../../domain/target/target-config.js';
import { allowance } from '../../domain/values/node-condition.js';
import type { SecretMasker } from '../secrets/secret-masker.js';

export interface PlanRecordInput {
  readonly runId: string;
  readonly targetId: string;
  readonly target: TargetConfig;
  readonly plan: Plan;
  readonly selectedJobs: readonly string[];
  /** What secrets of the run are masked with in what is shown. What is run stays as it is: `rerun` runs it again. */
  readonly masker?: SecretMasker;
  /** ISO 8601. */
  readonly createdAt: string;
}

export function planRecordOf(input: PlanRecordInput): PlanRecord {
  const mask = (text: string) => input.masker?.maskText(text) ?? text;
  return {
    schema_version: 1,
    run_id: input.runId,
    target_id: input.targetId,
    target_description: maskedOr(null, input.target.description, mask),
    created_at: input.createdAt,
    scope: 'post_host_setup_and_snapshot',
    nodes: input.plan.nodes.map((node) => nodeRecord(node, mask)),
    target: shownTarget(input.target, mask),
    selected_jobs: [...input.selectedJobs],
  };
}

function nodeRecord(node: PlanNode, mask: Mask): PlanNodeRecord {
  const base = {
    id: node.id,
    description: mask(node.description),
    depends_on: [...node.dependsOn],
    ...conditionRecord(node),
  };
  if (node.kind === 'prepare') {
    const local = node.prepare.type === 'nixBuild' && node.prepare.where === 'local';
    const machine = node.prepare.type === 'template';
    const executor = local ? 'host_local' : machine ? 'remote_linux_vm' : 'remote_host';
    return { kind: 'prepare', ...base, executor, prepare: prepareRecord(node.prepare, mask) };
  }
  const { command = '', runAsRoot, timeoutSecs, writableWorkspace } = node.job;
  const steps = node.job.steps === undefined ? undefined : shownSteps(node.job.steps, mask);
  return {
    kind: 'execute',
    ...base,
    ...(node.artifactsFrom.length === 0 ? {} : { artifacts_from: [...node.artifactsFrom] }),
    executor: 'remote_linux_vm',
    execute: {
      type: 'vm_command',
      command: mask(command),
      ...(steps === undefined ? {} : { steps: steps.map(({ id, name }) => ({ id, name })) }),
      run_as_root: runAsRoot,
      timeout_secs: timeoutSecs,
      writable_workspace: writableWorkspace,
    },
  };
}

function conditionRecord(node: PlanNode): Pick<PlanNodeRecord, 'when' | 'allow_failure'> {
  return { ...(node.when === 'on_success' ? {} : { when: node.when }), ...allowance(node) };
}

type Mask = (text: string) => string;

function maskedOr<T>(none: T, text: string | undefined, mask: Mask): T | string {
  return text === undefined ? none : mask(text);
}

function shownSteps(steps: readonly JobStep[], mask: Mask): readonly JobStep[] {
  const named = withoutSecretIds(steps, (text) => mask(text) !== text);
  return named.map((step) => ({ ...step, name: mask(step.name) }));
}

/** What is for people is masked. */
function shownTarget({ description, ...target }: TargetConfig, mask: Mask): Record<string, unknown> {
  return {
    ...target,
    ...(description === undefined ? {} : { description: mask(description) }),
    jobs: target.jobs.map(({ description: about, steps, ...job }) => ({
      ...job,
      ...(about === undefined ? {} : { description: mask(about) }),
      ...(steps === undefined ? {} : { steps: shownSteps(steps, mask) }),
    })),
  };
}

function prepareRecord(node: PrepareNode['prepare'], mask: Mask): PrepareNodeRecord {
  switch (node.type) {
    case 'nixBuild':
      return {
        type: 'nix_build',
        installable: node.installable,
        output_name: node.outputName ?? node.installable.slice(node.installable.indexOf('#') + 1),
        residency: node.where === 'local' ? 'local_authoritative' : 'remote_authoritative',
        handoff: { protocol: 'nix_store_path_v1' },
      };
    case 'command':
      return { type: 'command', command: node.command, inputs: [...(node.inputs ?? ['**'])] };
    case 'path':
      return { type: 'path', path: node.path };
    case 'template':
      return { type: 'template', from: node.from, setup: mask(node.setup), inputs: [...node.inputs] };
  }
}
