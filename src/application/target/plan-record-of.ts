import type { PlanNodeRecord, PlanRecord, PrepareNodeRecord } from '../../domain/records/plan-record.js';
import type { Plan, PlanNode } from '../../domain/target/plan.js';
import type { PrepareConfig, TargetConfig } from '../../domain/target/target-config.js';

export interface PlanRecordInput {
  readonly runId: string;
  readonly targetId: string;
  readonly target: TargetConfig;
  readonly plan: Plan;
  readonly selectedJobs: readonly string[];
  /** ISO 8601. */
  readonly createdAt: string;
}

export function planRecordOf(input: PlanRecordInput): PlanRecord {
  return {
    schema_version: 1,
    run_id: input.runId,
    target_id: input.targetId,
    target_description: input.target.description ?? null,
    created_at: input.createdAt,
    scope: 'post_host_setup_and_snapshot',
    nodes: input.plan.nodes.map(nodeRecord),
    target: { ...input.target },
    selected_jobs: [...input.selectedJobs],
  };
}

function nodeRecord(node: PlanNode): PlanNodeRecord {
  const base = { id: node.id, description: node.description, depends_on: [...node.dependsOn] };
  if (node.kind === 'prepare') {
    const local = node.prepare.type === 'nixBuild' && node.prepare.where === 'local';
    const executor = local ? 'host_local' : 'remote_host';
    return { kind: 'prepare', ...base, executor, prepare: prepareRecord(node.prepare) };
  }
  const { command = '', steps, runAsRoot, timeoutSecs, writableWorkspace } = node.job;
  return {
    kind: 'execute',
    ...base,
    executor: 'remote_linux_vm',
    execute: {
      type: 'vm_command',
      command,
      ...(steps === undefined ? {} : { steps: steps.map(({ id, name }) => ({ id, name })) }),
      run_as_root: runAsRoot,
      timeout_secs: timeoutSecs,
      writable_workspace: writableWorkspace,
    },
  };
}

function prepareRecord(node: PrepareConfig): PrepareNodeRecord {
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
  }
}
