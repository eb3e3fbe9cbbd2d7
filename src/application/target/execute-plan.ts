/** How a node ended, as far as the plan goes. `cause` is the node whose failure it is, `reason` a sentence. */
export type NodeVerdict = 'passed' | 'failed' | 'cancelled' | 'detached';

/** Why a node did not begin. */
export type SkipReason =
  | { readonly kind: 'skipped'; readonly cause: string; readonly reason: string }
  | { readonly kind: 'interrupted' };

export interface PlanStep {
  readonly id: string;
  readonly dependsOn: readonly string[];
}

export interface PlanExecution<N extends PlanStep> {
  /** In an order in which each stands after all that it depends on. */
  readonly nodes: readonly N[];
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
 * Runs what can run, in the plan's order and within its bound. What depends on a node that did not pass is skipped, with
 * that node named; with `failFast` so is everything that has not begun.
 */
export async function executePlan<N extends PlanStep>(execution: PlanExecution<N>): Promise<void> {
  const { signal } = execution;
  const waiting = new Map(execution.nodes.map((node) => [node.id, node]));
  const passed = new Set<string>();
  const running = new Map<string, Promise<void>>();
  let bug: { readonly error: unknown } | null = null;

  const skip = (node: N, why: SkipReason) => {
    waiting.delete(node.id);
    execution.skip(node, why);
  };
  const skipDependents = (cause: string, reason: string) => {
    const lost = new Set([cause]);
    for (const node of [...waiting.values()]) {
      if (!node.dependsOn.some((id) => lost.has(id))) continue;
      lost.add(node.id);
      skip(node, { kind: 'skipped', cause, reason });
    }
  };
  const ended = (node: N, verdict: NodeVerdict) => {
    running.delete(node.id);
    if (verdict === 'passed') {
      passed.add(node.id);
      return;
    }
    skipDependents(node.id, reasonOf(node.id, verdict));
    if (!execution.failFast || verdict !== 'failed') return;
    const reason = `${node.id} failed, and the first failure ends the run`;
    for (const other of [...waiting.values()]) skip(other, { kind: 'skipped', cause: node.id, reason });
    execution.onFailFast(node.id);
  };

  while (waiting.size > 0 || running.size > 0) {
    if (signal.aborted || bug !== null)
      for (const node of [...waiting.values()]) skip(node, { kind: 'interrupted' });
    for (const node of [...waiting.values()]) {
      if (running.size >= execution.parallel) break;
      if (!node.dependsOn.every((id) => passed.has(id))) continue;
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

function reasonOf(id: string, verdict: Exclude<NodeVerdict, 'passed'>): string {
  switch (verdict) {
    case 'failed':
      return `${id} failed`;
    case 'cancelled':
      return `${id} was cancelled`;
    case 'detached':
      return `${id} was left running`;
  }
}
