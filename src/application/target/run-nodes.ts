import type { RunJobStatus } from '../../domain/events/run-status.js';
import type { NodeStanding } from '../../domain/records/run-standing.js';
import type { ExecuteNode, Plan, PlanNode, PrepareNode } from '../../domain/target/plan.js';
import { allowance } from '../../domain/values/node-condition.js';
import type { NodeEnd, Started } from './node-end.js';
import type { NodeVerdict, SkipReason } from './plan-step.js';
import { type JobsOfRun, runJobNode } from './run-job-node.js';
import { runPrepareNode } from './run-prepare-node.js';
import type { SettledNode } from './settled-nodes.js';

export interface RunNodesInput extends JobsOfRun {
  /** When the run began, of the clock that does not go back. */
  readonly began: number;
  /** Ends the run, whatever runs. */
  readonly signal: AbortSignal;
  /** Aborted at the first failure, where that ends the run. */
  readonly firstFailure: AbortSignal;
}

/** The nodes of one run, each when its turn comes: what it does, how it stands, and who is told. */
export class RunNodes {
  readonly #run: RunNodesInput;
  readonly #statuses = new Map<string, RunJobStatus>();
  readonly #notNeeded = new Set<string>();

  constructor(run: RunNodesInput) {
    this.#run = run;
  }

  /** In the plan's order. */
  standings({ nodes }: Plan): NodeStanding[] {
    return nodes.map((node) => ({
      id: node.id,
      kind: node.kind,
      status: this.#statuses.get(node.id) ?? 'pending',
      ...allowance(node),
      ...(this.#notNeeded.has(node.id) ? { not_needed: true } : {}),
    }));
  }

  /** Told at the beginning, so that whoever follows the run has all of it. */
  settle(node: PlanNode, settled: SettledNode): void {
    const { reporter, ends } = this.#run;
    const { status, message, not_needed: notNeeded, job, timing } = settled;
    const verdict = status === 'failed' || status === 'cancelled' ? status : null;
    const needed = notNeeded === true ? ({ not_needed: true } as const) : {};
    this.#statuses.set(node.id, status);
    if (notNeeded === true) this.#notNeeded.add(node.id);
    if (job !== undefined) ends.endJob(node, { jobId: node.id, kind: 'recorded', record: job }, verdict);
    else ends.endPrepare(node, { nodeId: node.id, kind: 'recorded', status, message }, verdict);
    const from = (job ?? timing)?.taken_over_from;
    const about = { node_id: node.id, kind: node.kind, ...allowance(node), ...needed };
    const over = from === undefined ? {} : { taken_over_from: from };
    const cached = timing?.cached ?? false;
    reporter.nodeFinished({ ...about, status, message: message ?? '', cached, ...over });
  }

  async run(node: PlanNode): Promise<NodeVerdict> {
    const { reporter, input } = this.#run;
    const { clock } = input.parts.ports;
    const started = { at: reporter.now(), mark: clock.monotonic() };
    reporter.report({ type: 'node_started', node_id: node.id, kind: node.kind });
    const end = node.kind === 'prepare' ? await this.#prepare(node, started) : await this.#job(node, started);
    this.#statuses.set(node.id, end.verdict);
    const { verdict: status, message, cached } = end;
    const duration_ms = clock.monotonic() - started.mark;
    const about = { node_id: node.id, kind: node.kind, ...allowance(node) };
    reporter.nodeFinished({ ...about, status, message, cached, duration_ms });
    return end.verdict;
  }

  skip(node: PlanNode, why: SkipReason): void {
    const { reporter, input, ends } = this.#run;
    const status = why.kind === 'interrupted' ? 'cancelled' : 'skipped';
    const message = why.kind === 'interrupted' ? 'the run was interrupted first' : why.reason;
    const needed = why.kind === 'not_needed' ? ({ not_needed: true } as const) : {};
    this.#statuses.set(node.id, status);
    if (why.kind === 'not_needed') this.#notNeeded.add(node.id);
    const end = endOfSkipped(why);
    if (node.kind === 'prepare') ends.endPrepare(node, { nodeId: node.id, ...end }, null);
    else {
      input.recorder.changeJob(node.id, { status, message, ...needed });
      ends.endJob(node, { jobId: node.id, ...end }, null);
    }
    const about = { node_id: node.id, kind: node.kind, ...allowance(node) };
    reporter.nodeFinished({ ...about, status, message, ...needed });
  }

  async #prepare(node: PrepareNode, started: Started): Promise<NodeEnd> {
    const run = { ...this.#run, signal: this.#signalOf(node) };
    const { end, prepared } = await runPrepareNode(run, node, started);
    this.#run.ends.endPrepare(node, prepared, end.verdict);
    return end;
  }

  #job(node: ExecuteNode, started: Started): Promise<NodeEnd> {
    const waitedMs = Math.round(started.mark - this.#run.began);
    return runJobNode({ ...this.#run, signal: this.#signalOf(node) }, node, { ...started, waitedMs });
  }

  /** What runs after a failure, or in any case, and what is prepared for it when the first failure has ended the rest, ends with the run alone. */
  #signalOf({ when }: PlanNode): AbortSignal {
    const { signal, firstFailure } = this.#run;
    const isSpared = when !== 'on_success' || firstFailure.aborted;
    return isSpared ? signal : AbortSignal.any([signal, firstFailure]);
  }
}

function endOfSkipped(why: SkipReason) {
  if (why.kind === 'interrupted') return { kind: 'not_started' } as const;
  if (why.kind === 'skipped') return why;
  return { kind: 'skipped', cause: null, reason: why.reason, notNeeded: true } as const;
}
