import { randomBytes } from 'node:crypto';
import { err, ok, type Result } from 'neverthrow';
import { runStateLayout } from '../../domain/records/run-layout.js';
import { makePlan, type Plan } from '../../domain/target/plan.js';
import { filteredOut } from '../../domain/target/target-filters.js';
import { runIdSchema } from '../../domain/values/identifier.js';
import { workspaceSchema } from '../../domain/values/path-rules.js';
import { runIdAt } from '../../domain/values/run-id.js';
import { whyNoNumber } from '../../domain/values/whole-number.js';
import type { WorkspaceSnapshot } from '../../ports/workspace-scanner.js';
import { makeStateRoot } from '../directories/state-root.js';
import { EventFile } from '../events/event-file.js';
import type { JobFault } from '../faults/job-fault.js';
import { SecretMasker } from '../secrets/secret-masker.js';
import { CancelWatch } from './cancel-watch.js';
import { changedFilesOf } from './changed-files.js';
import { claimRun } from './claim-run.js';
import { copyOfRun, newCopyMark } from './copy-of-run.js';
import { enterGroup } from './enter-group.js';
import { findTarget } from './find-target.js';
import { resolveTargetSecrets } from './job-input.js';
import { planRecordOf } from './plan-record-of.js';
import { FILTERED_OUT, runRecordOf } from './run-record-of.js';
import { RunRecorder } from './run-recorder.js';
import type { RunTargetParts } from './run-target-parts.js';
import type { SettledNodes } from './settled-nodes.js';
import { TargetExecution } from './target-execution.js';
import type { RunTargetInput, TargetRun } from './target-run.js';
import { whyNotUntrusted, withheldSecrets } from './untrusted-plan.js';

/** What a run begins with beside its input. */
export interface RunBeginning {
  /** Told as warnings. */
  readonly notes?: readonly string[];
  /** What it need not run, and what is known already of the workspace. Asked before anything is recorded. */
  readonly takeOver?: (plan: Plan) => Promise<Result<TakenOver, JobFault>>;
}

/** What has ended before. */
export interface TakenOver {
  readonly settled: SettledNodes;
  readonly scanned?: WorkspaceSnapshot;
}

/** Runs a target: its plan, its records, and all its jobs on one snapshot. */
export class RunTarget {
  readonly #parts: RunTargetParts;

  constructor(parts: RunTargetParts) {
    this.#parts = parts;
  }

  /** For a run that goes on. */
  get parts(): RunTargetParts {
    return this.#parts;
  }

  async run(asked: RunTargetInput, beginning: RunBeginning = {}): Promise<Result<TargetRun, JobFault>> {
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
    const taken = (await beginning.takeOver?.(plan.value)) ?? ok<TakenOver>({ settled: new Map() });
    if (taken.isErr()) return err(taken.error);
    const { settled, scanned } = taken.value;
    const toRun = plan.value.nodes.filter(({ id }) => !settled.has(id));
    const { trust } = this.#parts.settings;
    const refused = trust === 'untrusted' ? whyNotUntrusted(plan.value.nodes) : null;
    if (refused !== null) return err(this.#fault('not_trusted', refused.field, refused.message));
    const withheld = trust === 'untrusted' ? withheldSecrets(toRun) : [];
    const secrets = resolveTargetSecrets(toRun, {
      trust,
      secrets: asked.secrets,
      env: this.#parts.env,
    });
    if (secrets.isErr()) return err(this.#fault('invalid_job', secrets.error.field, secrets.error.message));

    const changedFiles = await changedFilesOf(scanner, asked, shell.host);
    if (changedFiles.isErr()) return err(changedFiles.error);
    const known = changedFiles.value === undefined ? asked : { ...asked, changedFiles: changedFiles.value };
    const state = runStateLayout(this.#parts.settings.stateRoot, runId.data);
    const createdAt = new Date(clock.now()).toISOString();
    const skipped = filteredOut(target.value.filters, known.changedFiles);
    const runner = await this.#parts.ports.processes.self();
    const { settings } = this.#parts;
    const made = { state, plan: plan.value, target: target.value, createdAt, skipped, runner, settled };
    const masker = new SecretMasker([...new Set(Object.values(secrets.value).flatMap(Object.values))]);
    const run = runRecordOf(known, { ...made, settings, host: shell.host });
    const planRecord = planRecordOf({
      runId: runId.data,
      targetId: known.target,
      target: target.value,
      plan: plan.value,
      selectedJobs: known.jobs ?? [],
      createdAt,
      masker,
    });
    const rooted = await makeStateRoot(localFiles, this.#parts.settings.stateRoot);
    if (rooted.isErr()) return err(rooted.error);
    const recorder = new RunRecorder(localFiles, state, run, masker);
    const { concurrency } = target.value;
    const entered =
      concurrency === undefined || skipped
        ? ok(null)
        : await enterGroup(this.#parts, { concurrency, asked, runId: runId.data });
    if (entered.isErr()) return err(entered.error);
    const group = entered.value;
    const mark = skipped ? undefined : newCopyMark();
    const records = { run: recorder.record, plan: planRecord };
    const claimed = await claimRun(localFiles, state, { ...records, ...(mark && { copy: mark }) });
    if (claimed.isErr()) await group?.leave();
    if (claimed.isErr()) return err(claimed.error);
    const cancelWatch = new CancelWatch(localFiles, clock, state);
    const about = { runId: runId.data, state, recorder, plan: planRecord, runner };
    const copy = mark === undefined ? null : copyOfRun(this.#parts, { ...about, mark });
    const ended = [group?.ended ?? [], copy?.superseded ?? []];
    const ends = [known.signal ?? [], ended, cancelWatch.asked].flat(2);
    const input = { ...known, signal: AbortSignal.any(ends) };

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
      group,
      cancelWatch,
      copy,
      settled,
      ...(scanned === undefined ? {} : { scanned }),
      notes: [...(beginning.notes ?? []), ...withheld],
    });
    const end = skipped ? await execution.skipAll(FILTERED_OUT) : await execution.execute();
    await recorder.saved();
    await eventFile.flushed();
    return ok({ runId: runId.data, record: recorder.record, state, ...end });
  }

  #fault(kind: JobFault['kind'], field: string, message: string): JobFault {
    return { kind, phase: null, host: this.#parts.ports.shell.host, message, field };
  }
}
