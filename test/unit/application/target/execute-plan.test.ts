import { describe, expect, it } from 'vitest';
import { executePlan, type NodeVerdict } from '../../../../src/application/target/execute-plan.js';

interface Step {
  readonly id: string;
  readonly dependsOn: readonly string[];
}
const step = (id: string, ...dependsOn: string[]): Step => ({ id, dependsOn });

/** A plan whose nodes end when the test says so. */
class HeldPlan {
  readonly told: string[] = [];
  readonly signal = new AbortController();
  readonly #ends = new Map<string, (verdict: NodeVerdict | Error) => void>();
  readonly done: Promise<void>;

  constructor(nodes: readonly Step[], more: { parallel?: number; failFast?: boolean } = {}) {
    this.done = executePlan({
      nodes,
      parallel: 8,
      failFast: false,
      ...more,
      signal: this.signal.signal,
      run: (node) => {
        this.told.push(`start ${node.id}`);
        return new Promise((resolve, reject) => {
          this.#ends.set(node.id, (end) => (end instanceof Error ? reject(end) : resolve(end)));
        });
      },
      skip: (node, why) =>
        this.told.push(`${node.id} ${why.kind}${why.kind === 'skipped' ? ` by ${why.cause}` : ''}`),
      onBug: () => this.told.push('bug'),
      onFailFast: (cause) => this.told.push(`fail-fast ${cause}`),
    });
    this.done.catch(() => {});
  }

  /** Ends a node, and lets the plan go on from there. */
  async end(id: string, verdict: NodeVerdict | Error = 'passed'): Promise<void> {
    this.#ends.get(id)?.(verdict);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('a plan that is executed', () => {
  it('begins everything that waits for nothing, and the rest when what it waits for has passed', async () => {
    const plan = new HeldPlan([step('a'), step('b'), step('c', 'a', 'b'), step('d', 'a')]);
    expect(plan.told).toEqual(['start a', 'start b']);
    await plan.end('a');
    expect(plan.told).toEqual(['start a', 'start b', 'start d']);
    await plan.end('b');
    expect(plan.told.at(-1)).toBe('start c');
    await plan.end('c');
    await plan.end('d');
    await plan.done;
  });

  it('has no more nodes under way than it may', async () => {
    const plan = new HeldPlan([step('a'), step('b'), step('c')], { parallel: 2 });
    expect(plan.told).toEqual(['start a', 'start b']);
    await plan.end('b');
    expect(plan.told).toEqual(['start a', 'start b', 'start c']);
    await plan.end('a');
    await plan.end('c');
    await plan.done;
  });

  it('skips what depends on a failed node, near and far, and names it; the others go on', async () => {
    const plan = new HeldPlan([step('a'), step('x'), step('b', 'a'), step('c', 'b'), step('y', 'x')]);
    await plan.end('a', 'failed');
    expect(plan.told).toEqual(['start a', 'start x', 'b skipped by a', 'c skipped by a']);
    await plan.end('x');
    expect(plan.told.at(-1)).toBe('start y');
    await plan.end('y');
    await plan.done;
  });

  it('with fail-fast ends at the first failure, and says whose it was', async () => {
    const nodes = [step('a'), step('b'), step('c'), step('d', 'a')];
    const plan = new HeldPlan(nodes, { parallel: 2, failFast: true });
    await plan.end('a', 'failed');
    expect(plan.told.slice(2)).toEqual(['d skipped by a', 'c skipped by a', 'fail-fast a']);
    await plan.end('b', 'cancelled');
    await plan.done;
  });

  it('begins nothing more once it is interrupted, and waits for what runs', async () => {
    const plan = new HeldPlan([step('a'), step('b', 'a'), step('c')], { parallel: 1 });
    plan.signal.abort();
    await plan.end('a', 'cancelled');
    await plan.done;
    expect(plan.told).toEqual(['start a', 'b skipped by a', 'c interrupted']);
  });

  it('waits for what runs when it meets a bug, and then throws it', async () => {
    const plan = new HeldPlan([step('a'), step('b'), step('c')], { parallel: 2 });
    await plan.end('a', new Error('a bug'));
    expect(plan.told).toEqual(['start a', 'start b', 'bug', 'c interrupted']);
    await plan.end('b');
    await expect(plan.done).rejects.toThrow('a bug');
  });
});
