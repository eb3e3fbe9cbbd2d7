import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runJobStatusSchema } from '../../../../src/domain/events/run-status.js';
import { type PlanRecord, planRecordSchema } from '../../../../src/domain/records/plan-record.js';
import type { PrepareTiming, RunRecord } from '../../../../src/domain/records/run-record.js';
import {
  type NodeStanding,
  nodesOf,
  runProblemOf,
  runStatusOf,
} from '../../../../src/domain/records/run-standing.js';
import { runJobRecord, runRecord } from '../../../support/recorded-run.js';

/** The rows of the table in the documents: `job passed, prepare failed`, and what the run is. */
function documented(): [string, string][] {
  const text = readFileSync('docs/operations.md', 'utf8');
  const section = text.slice(text.indexOf('## How a run stands'), text.indexOf('## What to do when'));
  return section
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .flatMap(([, nodes = '', status = '']) =>
      /^(?:job|prepare) /.test(nodes) ? ([[nodes, status]] as [string, string][]) : [],
    );
}

const nodesIn = (row: string): NodeStanding[] =>
  row.split(', ').map((node, index) => {
    const [, kind, status, more] = /^(\w+) (\w+)(?: \((.+)\))?$/.exec(node) ?? [];
    return {
      ...(more === 'allowed' ? { allow_failure: true } : {}),
      ...(more === 'not needed' ? { not_needed: true } : {}),
      id: `n${index}`,
      kind: kind === 'job' ? 'execute' : 'prepare',
      status: runJobStatusSchema.parse(status),
    };
  });

describe('how a run stands', () => {
  it('is documented in a table', () => {
    expect(documented().length).toBeGreaterThan(12);
  });

  it.each(documented())('with %s is %s, in whatever order they stand', (row, status) => {
    const nodes = nodesIn(row);
    expect(runStatusOf(nodes)).toBe(status);
    expect(runStatusOf([...nodes].reverse())).toBe(status);
  });

  it('is never green when something did not run, whatever else there is', () => {
    const statuses = runJobStatusSchema.options;
    const kinds = ['execute', 'prepare'] as const;
    const all = kinds.flatMap((kind) =>
      statuses.map((status) => ({ id: `${kind} ${status}`, kind, status })),
    );
    for (const a of all)
      for (const b of all) {
        const isGreen = runStatusOf([a, b]) === 'passed';
        const bothPassed = a.status === 'passed' && b.status === 'passed';
        expect([a.id, b.id, isGreen]).toEqual([
          a.id,
          b.id,
          bothPassed && (a.kind === 'execute' || b.kind === 'execute'),
        ]);
      }
    expect(runStatusOf([])).toBe('skipped');
  });

  it('names the node that is to blame', () => {
    expect(runProblemOf(nodesIn('prepare passed, job failed, job failed'))).toBe('n1 failed');
    expect(runProblemOf(nodesIn('job passed, job skipped'))).toBe('n1 never ran');
    expect(runProblemOf(nodesIn('job skipped'))).toBeNull();
    expect(runProblemOf(nodesIn('job passed, job failed (allowed), prepare failed (allowed)'))).toBe(
      'allowed to fail, and did: n1, n2',
    );
    expect(runProblemOf(nodesIn('job failed (allowed), job failed'))).toBe('n1 failed');
  });
});

describe('the nodes of a recorded run', () => {
  const plan: PlanRecord = planRecordSchema.parse({
    schema_version: 1,
    run_id: 'r',
    created_at: '',
    scope: 'post_host_setup_and_snapshot',
    nodes: [
      ...[
        ['base', []],
        ['sdk', ['base']],
        ['docs', []],
      ].map(([id, depends_on]) => ({
        kind: 'prepare',
        id,
        depends_on,
        executor: 'remote_host',
        prepare: { type: 'path', path: '/' },
      })),
      {
        kind: 'execute',
        id: 'unit',
        depends_on: ['sdk'],
        executor: 'remote_linux_vm',
        execute: {
          type: 'vm_command',
          command: 'x',
          run_as_root: false,
          timeout_secs: 1,
          writable_workspace: false,
        },
      },
    ],
  });
  const timing = (node_id: string, more: Partial<PrepareTiming>): PrepareTiming => ({
    node_id,
    started_at: '',
    finished_at: '',
    duration_ms: 1,
    ok: true,
    cached: false,
    message: null,
    ...more,
  });
  const standing = (run: Partial<RunRecord>, runner: 'lives' | 'ended' = 'lives') =>
    nodesOf(runRecord(run), plan, runner).map(({ id, status }) => `${id} ${status}`);
  const waiting = runJobRecord('unit', { status: 'pending', started_at: null });

  it('have the prepare nodes that have ended, from records of before as well', () => {
    const prepare_timings = [
      timing('base', {}),
      timing('sdk', { ok: false }),
      timing('docs', { ok: false, status: 'cancelled' }),
    ];
    expect(standing({ prepare_timings })).toEqual([
      'base passed',
      'sdk failed',
      'docs cancelled',
      'unit passed',
    ]);
  });

  it('wait with their runner, and end with it', () => {
    const run: Partial<RunRecord> = { status: 'running', jobs: [waiting] };
    expect(standing(run)).toEqual(['base pending', 'sdk pending', 'docs pending', 'unit pending']);
    expect(standing(run, 'ended').slice(0, 3)).toEqual([
      'base interrupted',
      'sdk interrupted',
      'docs interrupted',
    ]);
  });

  it('have passed when what needs them has begun, though the record was not written any more', () => {
    const run: Partial<RunRecord> = { status: 'running', jobs: [runJobRecord('unit')] };
    expect(standing(run, 'ended')).toEqual(['base passed', 'sdk passed', 'docs interrupted', 'unit passed']);
  });

  it('are not looked for in circles', () => {
    const circle = {
      ...plan,
      nodes: plan.nodes.map((node) => (node.id === 'base' ? { ...node, depends_on: ['sdk'] } : node)),
    };
    expect(nodesOf(runRecord(), circle, 'ended')).toHaveLength(4);
    expect(nodesOf(runRecord(), null, 'ended')).toEqual([{ id: 'unit', kind: 'execute', status: 'passed' }]);
  });
});
