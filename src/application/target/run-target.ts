import { randomBytes } from 'node:crypto';
import { err, ok, type Result } from 'neverthrow';
import { jobStateLayout, type RunStateLayout, runStateLayout } from '../../domain/records/run-layout.js';
import type { RunJobRecord, RunRecord } from '../../domain/records/run-record.js';
import { makePlan, type Plan } from '../../domain/target/plan.js';
import type { TargetConfig } from '../../domain/target/target-config.js';
import { filteredOut } from '../../domain/target/target-filters.js';
import { runIdSchema } from '../../domain/values/identifier.js';
import { allowance } from '../../domain/values/node-condition.js';
import { workspaceSchema } from '../../domain/values/path-rules.js';
import { runIdAt } from '../../domain/values/run-id.js';
import { whyNoNumber } from '../../domain/values/whole-number.js';
import type { ProcessIdentity } from '../../ports/processes.js';
import { makeStateRoot } from '../directories/state-root.js';
import { EventFile } from '../events/event-file.js';
import type { JobFault } from '../faults/job-fault.js';
import { SecretMasker } from '../secrets/secret-masker.js';
import type { JobSettings } from '../settings/job-settings.js';
import { attemptOf } from './attempt.js';
import { changedFilesOf } from './changed-files.js';
import { claimRun } from './claim-run.js';
import { findTarget } from './find-target.js';
import { resolveTargetSecrets } from './job-input.js';
import { planRecordOf } from './plan-record-of.js';
import { RunRecorder } from './run-recorder.js';
import type { RunTargetParts } from './run-target-parts.js';
import { TargetExecution } from './target-execution.js';
import type { RunTargetInput, TargetRun } from './target-run.js';
import { whyNotUntrusted, withheldSecrets } from './untrusted-plan.js';

/** Runs a target: its plan, its records, and all its jobs on one snapshot. */
export class RunTarget {
  readonly #parts: RunTargetParts;

  constructor(parts: RunTargetParts) {
    this.#parts = parts;
  }

  /** `notes` are told as warnings when it begins. */
  async run(asked: RunTargetInput, notes: readonly string[] = []): Promise<Result<TargetRun, JobFault>> {
    const { clock, localFiles, scanner, shell } = this.#parts.ports;
    const runId = runIdSchema.safeParse(asked.runId ?? runIdAt(clock.now(), randomBytes(3)));
    if (!runId.success)
      return err(this.#fault('invalid_job', 'runId', runId.error.issues[0]?.message ?? 'is not an id'));
    const badNumber = whyNoNumber([
      { name: 'parallel', value: asked.parallel, least: 1 },
      { name: 'attempt', value: asked.attempt, least: 1 },
      { name: 'keepOnFailureSecs', value: asked.keepOnFailureSecs, least: 1 },
    ]);
    if (badNumber !== null) return err(this.#fault('invalid_job', badNumber.name, badNumber.message));
    const workspace = workspaceSchema.safeParse(asked.workspace);
    if (!workspace.success)
      return err(this.#fault('invalid_job', 'workspace', 'workspace: a folder is expected'));
    const target = findTarget(this.#parts.targets, asked);
    if (target.isErr()) return err(this.#fault('invalid_plan', target.error.field, target.error.message));
    const plan = makePlan(target.value, asked.jobs);
    if (plan.isErr()) {
      const { path, message } = plan.error;
      return err(this.#fault('invalid_plan', path.join(' → '), `target ${asked.target}: ${message}`));
    }
    const { trust } = this.#parts.settings;
    const refused = trust === 'untrusted' ? whyNotUntrusted(plan.value.nodes) : null;
    if (refused !== null) return err(this.#fault('not_trusted', refused.field, refused.message));
    const impossible = this.#whyNoTemplates(plan.value);
    if (impossible !== null) return err(impossible);
    const withheld = trust === 'untrusted' ? withheldSecrets(plan.value.nodes) : [];
    const secrets = resolveTargetSecrets(plan.value.nodes, {
      trust,
      secrets: asked.secrets,
      env: this.#parts.env,
    });
    if (secrets.isErr()) return err(this.#fault('invalid_job', secrets.error.field, secrets.error.message));

    const changedFiles = await changedFilesOf(scanner, asked, shell.host);
    if (changedFiles.isErr()) return err(changedFiles.error);
    const input = changedFiles.value === undefined ? asked : { ...asked, changedFiles: changedFiles.value };
    const state = runStateLayout(this.#parts.settings.stateRoot, runId.data);
    const createdAt = new Date(clock.now()).toISOString();
    const skipped = filteredOut(target.value.filters, input.changedFiles);
    const runner = await this.#parts.ports.processes.self();
    const made = { state, plan: plan.value, target: target.value, createdAt, skipped, runner };
    const masker = new SecretMasker([...new Set(Object.values(secrets.value).flatMap(Object.values))]);
    const run = this.#record(input, made);
    const planRecord = planRecordOf({
      runId: runId.data,
      targetId: input.target,
      target: target.value,
      plan: plan.value,
      selectedJobs: input.jobs ?? [],
      createdAt,
      masker,
    });
    const rooted = await makeStateRoot(localFiles, this.#parts.settings.stateRoot);
    if (rooted.isErr()) return err(rooted.error);
    const recorder = new RunRecorder(localFiles, state, run, masker);
    const claimed = await claimRun(localFiles, state, { run: recorder.record, plan: planRecord });
    if (claimed.isErr()) return err(claimed.error);

    const eventFile = new EventFile(localFiles, state.events);
    const execution = new TargetExecution({
      parts: this.#parts,
      input,
      runId: runId.data,
      state,
      plan: plan.value,
      target: target.value,
      secrets: secrets.value,
      masker,
      saidOfSecrets: new Set(),
      recorder,
      eventFile,
      isFilteredOut: skipped,
      notes: [...notes, ...withheld],
    });
    const ended = skipped ? await execution.skipAll(FILTERED_OUT) : await execution.execute();
    await recorder.saved();
    await eventFile.flushed();
    return ok({ runId: runId.data, record: recorder.record, state, ...ended });
  }

  #whyNoTemplates({ nodes }: Plan): JobFault | null {
    if (this.#parts.settings.backend === 'incus') return null;
    const node = nodes.find((one) => one.kind === 'prepare' && one.prepare.type === 'template');
    if (node === undefined) return null;
    const message = `the template "${node.id}" needs the backend "incus": there are no templates of microVMs yet`;
    return this.#fault('backend_unavailable', `templates.${node.id}`, message);
  }

  #record(
    input: RunTargetInput,
    run: {
      readonly state: RunStateLayout;
      readonly plan: Plan;
      readonly target: TargetConfig;
      readonly createdAt: string;
      readonly skipped: boolean;
      readonly runner: ProcessIdentity;
    },
  ): RunRecord {
    const { state, plan, target, createdAt, skipped, runner } = run;
    const runId = state.runDir.slice(state.runsDir.length + 1);
    const attempt = attemptOf(input);
    const jobs = plan.nodes.flatMap((node): RunJobRecord[] => {
      if (node.kind === 'prepare') return [];
      const { hostLog, guestLog } = jobStateLayout(this.#parts.settings.stateRoot, runId, node.id);
      return [
        {
          id: node.id,
          description: node.description,
          status: skipped ? 'skipped' : 'pending',
          ...allowance(node),
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
        },
      ];
    });
    return {
      schema_version: 1,
      run_id: runId,
      status: skipped ? 'skipped' : 'running',
      rerun_of: input.rerunOf ?? null,
      ...(attempt === null ? {} : { attempt }),
      target_id: input.target,
      target_description: target.description ?? null,
      host: this.#parts.ports.shell.host,
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
      options: runOptions(input, this.#parts.settings),
      prepare_timings: [],
      jobs,
    };
  }

  #fault(kind: JobFault['kind'], field: string, message: string): JobFault {
    return { kind, phase: null, host: this.#parts.ports.shell.host, message, field };
  }
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

const FILTERED_OUT = 'none of the changed files matches the filters of the target';
