import type { PikaciEvent } from '../../../../domain/events/event.js';
import type { RunEvent } from '../../../../domain/events/run-event.js';
import type { RunEnd } from '../run-end.js';
import { leftOver } from './left-over.js';
import { nodeAfterJobEvent, nodeAfterRunEvent } from './node-after.js';
import { type TreeNode, waitingNode } from './tree-node.js';

/** How each node of a run stands, from the run's events. Times are monotonic, in ms. */
export class RunTree {
  readonly #nodes = new Map<string, TreeNode>();

  /** In the plan's order. */
  get nodes(): readonly TreeNode[] {
    return [...this.#nodes.values()];
  }

  /** The jobs that are known before the plan is, or of which there is no plan (`attach`). */
  expect(jobIds: readonly string[]): void {
    for (const id of jobIds) this.#nodes.set(id, waitingNode({ id, kind: 'execute', dependsOn: [] }));
  }

  observe(event: PikaciEvent, now: number): void {
    const node = this.#nodes.get(event.job_id);
    if (node !== undefined) this.#nodes.set(node.id, nodeAfterJobEvent(node, event, now));
  }

  observeRun(event: RunEvent, now: number): void {
    if (event.type === 'run_ended' || event.type === 'run_closed' || event.type === 'run_warning') return;
    if (event.type === 'run_started') {
      this.#nodes.clear();
      for (const { id, kind, depends_on: dependsOn } of event.nodes)
        this.#nodes.set(id, waitingNode({ id, kind, dependsOn }));
      return;
    }
    const node = this.#nodes.get(event.node_id);
    if (node !== undefined) this.#nodes.set(node.id, nodeAfterRunEvent(node, event, now));
  }

  /** Nothing more will come: what has not ended by itself gets its end from the run's. */
  end(end: RunEnd, now: number): void {
    for (const node of this.nodes) {
      const found = leftOver(node, end);
      if (found === null) continue;
      const durationMs = node.since === null ? null : now - node.since;
      this.#nodes.set(node.id, { ...node, ...found, durationMs, phase: null, upload: null });
    }
  }
}
