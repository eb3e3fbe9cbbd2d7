import type { RunJobStatus } from '../../domain/events/run-status.js';
import type { NodeStanding } from '../../domain/records/run-standing.js';
import type { ExecuteNode, Plan, PlanNode, PrepareNode } from '../../domain/target/plan.js';
import type { NodeVerdict, SkipReason } from './execute-plan.js';
import type { NodeEnd, Started } from './node-end.js';
import { type JobsOfRun, runJobNode } from './run-job-node.js';
import { type PrepareRun, runPrepareNode } from './run-prepare-node.js';

export interface RunNodesInput extends JobsOfRun, Pick<PrepareRun, 'hold'> {
  /** When the run began, of the clock that does not go back. */
  readonly began: number;
}

/** The nodes of one run, each when its turn comes: what it does, how it stands, and who is told. */
export class RunNodes {
  readonly #run: RunNodesInput;
  readonly #statuses = new Map<string, RunJobStatus>();

  constructor(run: RunNodesInput) {
    this.#run = run;
  }

  /** In the plan's order. */
  standings({ nodes }: Plan): NodeStanding[] {
    return nodes.map(({ id, kind }) => ({ id, kind, status: this.#statuses.get(id) ?? 'pending' }));
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
    reporter.nodeFinished({ node_id: node.id, kind: node.kind, status, message, cached, duration_ms });
    return end.verdict;
  }

  skip(node: PlanNode, why: SkipReason): void {
    const { reporter, input, ends } = this.#run;
    const interrupted = why.kind === 'interrupted';
    const status = interrupted ? 'cancelled' : 'skipped';
    const message = interrupted ? 'the run was interrupted first' : why.reason;
    this.#statuses.set(node.id, status);
    if (node.kind === 'prepare') {
      const end = { nodeId: node.id };
      ends.endPrepare(interrupted ? { ...end, kind: 'not_started' } : { ...end, ...why }, null);
    } else {
      input.recorder.changeJob(node.id, { status, message });
      const end = { jobId: node.id };
      ends.endJob(interrupted ? { ...end, kind: 'not_started' } : { ...end, ...why }, null);
    }
    reporter.nodeFinished({ node_id: node.id, kind: node.kind, status, message });
  }

  async #prepare(node: PrepareNode, started: Started): Promise<NodeEnd> {
    const { end, prepared } = await runPrepareNode(this.#run, node, started);
    this.#run.ends.endPrepare(prepared, end.verdict);
    return end;
  }

  #job(node: ExecuteNode, started: Started): Promise<NodeEnd> {
    const waitedMs = Math.round(started.mark - this.#run.began);
    return runJobNode(this.#run, node, { ...started, waitedMs });
  }
}
