import fc from 'fast-check';
import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { coloursFor } from '../../../../src/adapters/cli/output/colours.js';
import { treeFrame } from '../../../../src/adapters/cli/output/live/tree-frame.js';
import {
  type NodeState,
  type TreeNode,
  waitingNode,
} from '../../../../src/adapters/cli/output/live/tree-node.js';

const plain = coloursFor({ env: {}, isTerminal: false });
const coloured = coloursFor({ env: { FORCE_COLOR: '1' }, isTerminal: true });

const node = (id: string, dependsOn: readonly string[], more: Partial<TreeNode> = {}): TreeNode => ({
  ...waitingNode({ id, kind: 'execute', dependsOn }),
  ...more,
});
const frame = (nodes: readonly TreeNode[], size: { rows?: number; columns?: number } = {}) =>
  treeFrame({ nodes, colours: plain, rows: 24, columns: 80, spinner: '*', now: 5000, began: 0, ...size });

describe('a frame of the tree', () => {
  it('puts a node below the deepest of those that it depends on, and names all that it waits for', () => {
    const nodes = [node('sdk', []), node('docs', []), node('a', ['sdk']), node('b', ['a', 'docs', 'sdk'])];
    expect(frame(nodes)).toEqual([
      '○ sdk              queued',
      '└─ ○ a             waits for sdk',
      '   └─ ○ b          waits for a, docs, sdk',
      '○ docs             queued',
      '* 0 of 4 done, 4 waiting  5.0 s',
    ]);
  });

  it('tells each way of having ended', () => {
    const ended = { since: 0, durationMs: 1200 };
    const exit = { cause: 'exit', code: 3 } as const;
    const nodes = [
      node('sdk', [], { ...ended, kind: 'prepare', state: 'passed', cached: true }),
      node('out', [], { ...ended, kind: 'prepare', state: 'passed' }),
      node('bad', [], { ...ended, kind: 'prepare', state: 'failed', message: 'no manifest\nmore' }),
      node('code', [], { ...ended, state: 'failed', exit }),
      node('late', [], {
        ...ended,
        state: 'failed',
        exit: { cause: 'timeout', code: 124 },
        phase: 'clean_up',
      }),
      node('left', [], { ...ended, state: 'detached', exit: { cause: 'detached', code: null } }),
      node('ended', [], { ...ended, state: 'cancelled', exit: { cause: 'cancelled', code: 143 } }),
      node('never', [], { state: 'cancelled', message: 'the run was interrupted first', durationMs: 0 }),
    ];
    expect(frame(nodes)).toEqual([
      '✓ sdk     1.2 s  was there',
      '✓ out     1.2 s  prepared',
      '✗ bad     1.2 s  no manifest',
      '✗ code    1.2 s  exit code 3',
      '✗ late    1.2 s  timeout, clean_up',
      '– left    1.2 s  left running',
      '– ended   1.2 s  cancelled',
      '– never          the run was interrupted first',
      '∙ 8 of 8 done, 2 passed, 3 failed, 2 cancelled, 1 left behind  5.0 s',
    ]);
  });

  it('folds what has passed before what failed or runs, and draws the rest below what is still there', () => {
    const nodes = [
      node('a', [], { state: 'passed', since: 0, durationMs: 5 }),
      node('b', ['a'], { state: 'running', since: 4000 }),
      node('c', ['b']),
      node('d', ['a'], { state: 'failed', since: 0, durationMs: 5, message: 'broken' }),
      node('e', ['d'], { state: 'skipped', message: 'd failed' }),
    ];
    expect(frame(nodes, { rows: 5 })).toEqual([
      '… 1 passed, 1 skipped',
      '* b      1.0 s  starts',
      '└─ ○ c          waits for b',
      '✗ d       5 ms  broken',
      '* 3 of 5 done, 1 running, 1 waiting, 1 passed, 1 failed, 1 skipped  5.0 s',
    ]);
  });

  it('shows names and messages as text, whatever is in them', () => {
    const evil = '\x1b[2J\u202e\nx';
    const [line] = frame([node(evil, [], { state: 'failed', message: evil })]);
    expect(line).toBe('✗ \\x1b[2J\\u202e\\nx          \\x1b[2J\\u202e');
  });

  it('keeps the end of the way to a node that is deep down', () => {
    const deep = Array.from({ length: 12 }, (_, i) => node(`n${i}`, i === 0 ? [] : [`n${i - 1}`]));
    expect(frame(deep, { columns: 40 })[11]).toBe('…         └─ ○ n11          waits for …');
  });

  it('never has more lines than there is room for, nor wider ones', () => {
    const states: NodeState[] = [
      'waiting',
      'running',
      'passed',
      'failed',
      'skipped',
      'cancelled',
      'detached',
    ];
    const anyNodes = fc
      .array(
        fc.record({
          state: fc.constantFrom(...states),
          message: fc.string({ unit: 'grapheme' }),
          deps: fc.array(fc.nat(40), { maxLength: 3 }),
        }),
        { maxLength: 40 },
      )
      .map((all) =>
        all.map(({ state, message, deps }, i) =>
          node(
            `job-${i}`,
            deps.filter((d) => d < i).map((d) => `job-${d}`),
            { state, message, since: 0 },
          ),
        ),
      );
    fc.assert(
      fc.property(
        anyNodes,
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 1, max: 120 }),
        (nodes, rows, columns) => {
          const lines = treeFrame({
            nodes,
            colours: coloured,
            rows,
            columns,
            spinner: '⠋',
            now: 5000,
            began: 0,
          });
          expect(lines.length).toBeLessThanOrEqual(rows);
          for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(Math.max(1, columns - 1));
          if (nodes.length > 1) expect(lines.length).toBeGreaterThan(0);
        },
      ),
    );
  });
});
