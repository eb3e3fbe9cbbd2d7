import { randomUUID } from 'node:crypto';
import { ok } from 'neverthrow';
import { runProblemOf, runStatusOf } from '../../domain/records/run-standing.js';
import type { PlanNode } from '../../domain/target/plan.js';
import type { EventSink } from '../../ports/event-sink.js';
import { runSinks } from '../events/run-sinks.js';
import { RunHold } from '../holds/run-hold.js';
import type { JobRun } from '../job/job-call.js';
import { RunStatuses } from '../report/run-statuses.js';
import { RunTrace } from '../trace/run-trace.js';
import { attemptOf } from './attempt.js';
import { executePlan } from './execute-plan.js';
import { MovedOutputs } from './moved-outputs.js';
import { OutputsRecord } from './outputs-record.js';
import { RunEnds } from './run-ends.js';
import { RunNodes } from './run-nodes.js';
import { RunReporter } from './run-reporter.js';
import { RunTemplates } from './run-templates.js';
import { RunWorkspace, type RunWorkspaceInput } from './run-workspace.js';
import type { TargetExecutionInput } from './target-execution-input.js';
import type { TargetRun } from './target-run.js';
import { warnOfFilters } from './unmatched-filters.js';

type Ended = Pick<TargetRun, 'jobs' | 'prepares' | 'cleanUp'>;

/** One run of a plan, from its first word to its last: what it holds, what is recorded and told of it, and how it ends. */
export class TargetExecution {
  readonly #at: TargetExecutionInput;
  readonly #workspace: RunWorkspace;
  readonly #hold: RunHold;
  readonly #stop = new AbortController();
  readonly #firstFailure = new AbortController();
  readonly #signal: AbortSignal;
  readonly #events: Required<EventSink>;
  readonly #templates: RunTemplates;
  readonly #ends: RunEnds;
  readonly #nodes: RunNodes;
  readonly #reporter: RunReporter;
  readonly #published: RunStatuses;
  readonly #trace: RunTrace;
  #watching: Promise<void> = Promise.resolve();

  constructor(input: TargetExecutionInput) {
    this.#at = input;
    const { hostFiles: files, clock } = input.parts.ports;
    this.#signal = AbortSignal.any([input.input.signal ?? [], this.#stop.signal].flat());
    const goesOn = input.plan.nodes.some(({ when }) => when !== 'on_success');
    const first = this.#firstFailure.signal;
    // What all share ends with the last of them.
    const shared = goesOn ? this.#signal : AbortSignal.any([this.#signal, first]);
    this.#events = runSinks(input.eventFile, input.input.events, (message) => this.#reporter.warn(message));
    this.#ends = new RunEnds(input.input, () => this.#reporter);
    this.#reporter = new RunReporter(input.runId, clock, input.masker, (event) => {
      this.#events.emitRun(event);
      for (const one of [this.#published, this.#trace]) one.onRun(event);
    });
    this.#trace = traceOf(input);
    this.#published = statusesOf(input, (message) => this.#reporter.warn(message));
    input.recorder.onUnwritten = this.#reporter.unwritten;
    input.eventFile.onUnwritten = this.#reporter.unwritten;
    if (input.copy !== null) input.copy.say = (message) => this.#reporter.warn(message);
    const { workDir } = input.parts.settings;
    const place = { workDir, runId: input.runId, signal: shared };
    this.#hold = new RunHold({ ...place, holdId: randomUUID(), files, clock });
    this.#workspace = workspaceOf(input, place, this.#hold);
    const { templateMaker: maker } = input.parts;
    this.#templates = new RunTemplates({
      workspace: this.#workspace,
      secrets: input.secrets,
      clock,
      maker,
      reporter: () => this.#reporter,
    });
    const outputs = outputsOf(input);
    this.#nodes = new RunNodes({
      input,
      workspace: this.#workspace,
      hold: this.#hold,
      outputs,
      moved: new MovedOutputs({ at: input, outputs: outputs.outputs, hold: this.#hold }),
      templates: this.#templates,
      reporter: this.#reporter,
      events: this.#events,
      ends: this.#ends,
      signal: this.#signal,
      firstFailure: first,
      trace: this.#trace,
      began: clock.monotonic(),
    });
  }

  async execute(): Promise<Ended> {
    reportStart(this.#at, this.#reporter);
    for (const node of this.#at.plan.nodes) {
      const settled = this.#at.settled.get(node.id);
      if (settled !== undefined) this.#nodes.settle(node, settled);
    }
    const beside = Promise.all([
      askRevision(this.#at, this.#workspace, [this.#published, this.#trace]),
      warnOfFilters(this.#at, this.#reporter, this.#workspace),
    ]);
    try {
      const say = (message: string) => this.#reporter.warn(message);
      this.#watching = this.#at.cancelWatch.watch(say);
      await takeTurn(this.#at, say);
      await this.#executePlan();
    } catch (bug) {
      await this.#release(false);
      throw bug;
    }
    await beside;
    return this.#end();
  }

  async #release(isOver: boolean): Promise<void> {
    this.#at.cancelWatch.leave();
    await Promise.all([
      this.#watching,
      this.#hold.release(),
      this.#templates[Symbol.asyncDispose](),
      this.#at.group?.leave(),
      this.#at.copy?.end(isOver),
    ]);
  }

  #executePlan(): Promise<void> {
    const { input, plan, target } = this.#at;
    return executePlan<PlanNode>({
      nodes: plan.nodes,
      settled: this.#at.settled,
      parallel: input.parallel ?? target.parallel,
      failFast: input.failFast ?? target.failFast,
      signal: input.signal ?? new AbortController().signal,
      run: (node) => this.#nodes.run(node),
      skip: (node, why) => this.#nodes.skip(node, why),
      onBug: () => this.#stop.abort('a bug was met'),
      // A job that is left running for `attach` must not be ended by another's failure.
      onFailFast: (cause) => {
        if (input.onAbort === 'detach') return;
        this.#ends.failedFirst = cause;
        this.#firstFailure.abort(`${cause} failed, and the first failure ends the run`);
      },
    });
  }

  /** The run as a whole has nothing to do. */
  async skipAll(reason: string): Promise<Ended> {
    reportStart(this.#at, this.#reporter);
    await warnOfFilters(this.#at, this.#reporter);
    if (this.#published.isWanted)
      await askRevision(this.#at, this.#workspace, [this.#published, this.#trace]);
    for (const node of this.#at.plan.nodes) {
      const { id, kind } = node;
      this.#reporter.nodeFinished({ node_id: id, kind, status: 'skipped', message: reason });
      if (kind === 'execute')
        this.#ends.endJob(node, { jobId: id, kind: 'skipped', cause: null, reason }, null);
    }
    this.#reporter.report({ type: 'run_ended', status: 'skipped', message: reason });
    return { ...this.#ends.of(this.#at.plan), cleanUp: this.#close([]) };
  }

  #end(): Ended {
    const { recorder, plan } = this.#at;
    const nodes = this.#nodes.standings(plan);
    const [status, message] = [runStatusOf(nodes), runProblemOf(nodes)];
    recorder.change({ status, finished_at: status === 'running' ? null : this.#reporter.now(), message });
    this.#reporter.report({ type: 'run_ended', status, message: message ?? '' });
    const { jobs, prepares } = this.#ends.of(plan);
    const cleanUps = jobs.flatMap((end) => (end.kind === 'ended' ? [end.run.cleanUp] : []));
    return { jobs, prepares, cleanUp: this.#close(cleanUps) };
  }

  /** Behind the result. */
  async #close(cleanUps: readonly JobRun['cleanUp'][]): TargetRun['cleanUp'] {
    const results = await Promise.all(cleanUps);
    const isOver = this.#at.recorder.record.status !== 'running';
    await this.#at.recorder.saved();
    await Promise.all([this.#release(isOver), this.#published.settled()]);
    const failed = results.find((result) => result.isErr());
    this.#reporter.report({ type: 'run_closed', ok: failed === undefined });
    await this.#at.eventFile.flushed();
    return failed ?? ok(undefined);
  }
}

function outputsOf({ parts, state, earlierOutputs, copy }: TargetExecutionInput): OutputsRecord {
  const outputs = new OutputsRecord(parts.ports.localFiles, state.preparedOutputs, earlierOutputs);
  if (copy !== null) outputs.onChange = (document) => copy.outputs(document);
  return outputs;
}

function traceOf({ parts, input, runId, masker }: TargetExecutionInput): RunTrace {
  const { tracer, clock } = parts.ports;
  const { target: targetId } = input;
  const branch = input.branch == null ? null : masker.maskText(input.branch);
  const startMs = clock.now();
  return new RunTrace({ tracer, runId, targetId, branch, attempt: attemptOf(input), startMs });
}

function statusesOf(input: TargetExecutionInput, warn: (message: string) => void): RunStatuses {
  const { runId, isFilteredOut, parts } = input;
  const { statuses, env, ports } = parts;
  return new RunStatuses({ ...statuses, env, clock: ports.clock }, { runId, isFilteredOut, warn });
}

async function askRevision(
  { recorder }: TargetExecutionInput,
  workspace: RunWorkspace,
  told: readonly { isOf(revision: { readonly head: string | null; readonly dirty: boolean | null }): void }[],
): Promise<void> {
  await workspace.askRevision();
  const { git_head: head, git_dirty: dirty } = recorder.record;
  for (const one of told) one.isOf({ head, dirty });
}

function reportStart(at: TargetExecutionInput, reporter: RunReporter): void {
  const { plan, parts, input } = at;
  const nodes = plan.nodes.map(({ id, kind, dependsOn }) => ({ id, kind, depends_on: [...dependsOn] }));
  reporter.report({
    type: 'run_started',
    host: parts.ports.shell.host,
    target_id: input.target,
    nodes,
  });
  for (const message of at.notes) reporter.warn(message);
}

function workspaceOf(
  { parts, input, recorder, scanned }: TargetExecutionInput,
  place: Pick<RunWorkspaceInput, 'workDir' | 'runId' | 'signal'>,
  hold: RunHold,
): RunWorkspace {
  return new RunWorkspace({
    ...place,
    ports: parts.ports,
    stageSnapshot: parts.stageSnapshot,
    workspace: input.workspace,
    ...(scanned === undefined ? {} : { scanned }),
    hold: (directory) => hold.hold(directory),
    onFound: (found) => {
      const said = input.branch;
      recorder.change(said === undefined ? found : { ...found, git_branch: said });
    },
  });
}

/** Waits for the run's turn in its group. While it waits its record says why, for those who did not hear it said. */
async function takeTurn(
  { group, recorder, input }: TargetExecutionInput,
  say: (message: string) => void,
): Promise<void> {
  if (group === null) return;
  let waits = false;
  const tell = (message: string) => {
    waits = true;
    recorder.change({ message });
    say(message);
  };
  await group.turn(tell, input.signal);
  if (waits) recorder.change({ message: null });
}
