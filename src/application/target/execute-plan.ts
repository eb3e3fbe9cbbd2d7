import type { EarlierStanding } from '../../domain/target/rerun-selection.js';
import { PlanStandings } from './plan-standings.js';
import type { NodeVerdict, PlanStep, SkipReason } from './plan-step.js';

export interface PlanExecution<N extends PlanStep> {
  /** In an order in which each stands after all that it depends on. */
  readonly nodes: readonly N[];
  /** Those of them that have ended before; they are neither run nor skipped. */
  readonly settled?: ReadonlyMap<string, EarlierStanding & { readonly message?: string | null }>;
  /** Nodes that run at the same time. */
  readonly parallel: number;
  readonly failFast: boolean;
  /** Nothing begins after it; what runs is told by its own signal. */
  readonly signal: AbortSignal;
  run(node: N): Promise<NodeVerdict>;
  skip(node: N, why: SkipReason): void;
  /** With `failFast`, at the first failure. */
  onFailFast(cause: string): void;
  /** A bug was met: what runs must not run on unwatched. It is thrown when all has ended. */
  onBug(): void;
}

/**
 * Runs what can run, in the plan's order and within its bound. What depends on a node that did not pass is skipped, with that node named; with
 * `failFast` so is everything that has not begun, but for what runs after a failure or in any case, and the outputs that it needs. When the
 * run is cancelled nothing more begins, whatever its `when`.
 */
export async function executePlan<N extends PlanStep>(execution: PlanExecution<N>): Promise<void> {
  const { signal, nodes, settled = new Map() } = execution;
  const waiting = new Map(nodes.flatMap((node) => (settled.has(node.id) ? [] : [[node.id, node]])));
  const running = new Map<string, Promise<void>>();
  const standings = new PlanStandings(nodes, settled);
  let bug: { readonly error: unknown } | null = null;

  const skip = (node: N, why: SkipReason) => {
    waiting.delete(node.id);
    standings.skipped(node, why);
    execution.skip(node, why);
  };
  const skipWhatCannot = () => {
    for (const node of [...waiting.values()]) {
      const why = standings.whySkipped(node);
      if (why !== null) skip(node, why);
    }
  };
  const ended = (node: N, verdict: NodeVerdict) => {
    running.delete(node.id);
    standings.ended(node, verdict);
    skipWhatCannot();
    if (execution.failFast && standings.of(node.id) === 'failed') endTheRest(node);
  };
  const endTheRest = (node: N) => {
    const reason = `${node.id} failed, and the first failure ends the run`;
    const kept = standings.keptByConditions();
    for (const other of [...waiting.values()])
      if (!kept.has(other.id)) skip(other, { kind: 'skipped', cause: node.id, reason });
    skipWhatCannot();
    execution.onFailFast(node.id);
  };

  const failedBefore = nodes.find(({ id }) => settled.has(id) && standings.of(id) === 'failed');
  if (execution.failFast && failedBefore !== undefined) {
    skipWhatCannot();
    endTheRest(failedBefore);
  }
  while (waiting.size > 0 || running.size > 0) {
    if (signal.aborted || bug !== null)
      for (const node of [...waiting.values()]) skip(node, { kind: 'interrupted' });
    skipWhatCannot();
    for (const node of [...waiting.values()]) {
      if (running.size >= execution.parallel) break;
      if (!standings.isReady(node)) continue;
      waiting.delete(node.id);
      const work = execution.run(node).then(
        (verdict) => ended(node, verdict),
        (error: unknown) => {
          bug ??= { error };
          execution.onBug();
          ended(node, 'failed');
        },
      );
      running.set(node.id, work);
    }
    if (running.size > 0) await Promise.race(running.values());
  }
  if (bug !== null) throw (bug as { readonly error: unknown }).error;
}
