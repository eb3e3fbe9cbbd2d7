import { describe, expect, it } from 'vitest';
import { executePlan } from '../../../../src/application/target/execute-plan.js';
import type { NodeVerdict, PlanStep } from '../../../../src/application/target/plan-step.js';

const step = (id: string, ...dependsOn: string[]): PlanStep => ({
  id,
  dependsOn,
  requires: [],
  outputs: [],
  when: 'on_success',
  allowFailure: false,
});
const last = (when: 'on_failure' | 'always', id: string, ...dependsOn: string[]): PlanStep => ({
  ...step(id, ...dependsOn),
  when,
});

/** A plan whose nodes end when the test says so. */
class HeldPlan {
  readonly told: string[] = [];
  readonly signal = new AbortController();
  readonly #ends = new Map<string, (verdict: NodeVerdict | Error) => void>();
  readonly done: Promise<void>;

  constructor(nodes: readonly PlanStep[], more: { parallel?: number; failFast?: boolean } = {}) {
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

  it('runs after a failure what waits for one, near or far, when all that it waits for has ended', async () => {
    const nodes = [step('a'), step('slow'), step('b', 'a', 'slow'), last('on_failure', 'report', 'b')];
    const plan = new HeldPlan([...nodes, step('after', 'report')]);
    await plan.end('a', 'failed');
    expect(plan.told).toEqual(['start a', 'start slow', 'b skipped by a']);
    await plan.end('slow');
    expect(plan.told.at(-1)).toBe('start report');
    await plan.end('report', 'failed');
    expect(plan.told.at(-1)).toBe('after skipped by report');
    await plan.done;
  });

  it('does not need what waits for a failure when there was none, nor what depends on that', async () => {
    const nodes = [
      step('a'),
      last('on_failure', 'report', 'a'),
      step('after', 'report'),
      last('always', 'end', 'after'),
    ];
    const plan = new HeldPlan(nodes);
    await plan.end('a');
    expect(plan.told).toEqual(['start a', 'report not_needed', 'after not_needed', 'start end']);
    await plan.end('end');
    await plan.done;
  });

  it('goes on after a failure that is allowed as if it had passed, for all that waits', async () => {
    const nodes = [{ ...step('a'), allowFailure: true }, step('b', 'a'), last('on_failure', 'report', 'b')];
    const plan = new HeldPlan(nodes, { failFast: true });
    await plan.end('a', 'failed');
    await plan.end('b');
    await plan.done;
    expect(plan.told).toEqual(['start a', 'start b', 'report not_needed']);
  });

  it('with fail-fast still runs what comes after a failure, and in any case, with what these are made from', async () => {
    const always = { ...last('always', 'end', 'c', 'out'), outputs: ['out'] };
    const nodes = [
      step('a'),
      step('b'),
      step('out', 'b'),
      step('c', 'b'),
      last('on_failure', 'report', 'a'),
      always,
    ];
    const kept = nodes.map((node) => (node.id === 'out' ? { ...node, outputs: ['b'] } : node));
    const plan = new HeldPlan(kept, { failFast: true, parallel: 1 });
    await plan.end('a', 'failed');
    expect(plan.told).toEqual(['start a', 'c skipped by a', 'fail-fast a', 'start b']);
    await plan.end('b');
    await plan.end('out');
    await plan.end('report');
    await plan.end('end');
    await plan.done;
    expect(plan.told.slice(3)).toEqual(['start b', 'start out', 'start report', 'start end']);
  });

  it('begins nothing without its template, and nothing after it is cancelled, in no case', async () => {
    const plan = new HeldPlan([step('image'), { ...last('always', 'end', 'image'), requires: ['image'] }]);
    await plan.end('image', 'failed');
    await plan.done;
    expect(plan.told).toEqual(['start image', 'end skipped by image']);
    const other = new HeldPlan([step('a'), last('always', 'end', 'a'), last('on_failure', 'report', 'a')]);
    other.signal.abort();
    await other.end('a', 'failed');
    await other.done;
    expect(other.told).toEqual(['start a', 'end interrupted', 'report interrupted']);
  });
});
