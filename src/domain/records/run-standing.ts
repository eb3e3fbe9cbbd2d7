import type { RunJobStatus, RunStatus } from '../events/run-status.js';
import type { PlanRecord } from './plan-record.js';
import type { RunRecord } from './run-record.js';

/** A node of a run's plan, and how it stands. */
export interface NodeStanding {
  readonly id: string;
  readonly kind: 'prepare' | 'execute';
  readonly status: RunJobStatus;
}

/**
 * How a run stands, from how each node of its plan does; the table in `docs/operations.md` has the cases. The first rule that applies:
 * what goes on, or may, keeps it `running`; what lost its runner makes it `interrupted`; a failure outweighs a cancel, and a cancel what
 * passed. It has `passed` when every node has, and a job is among them: what never ran is never green.
 */
export function runStatusOf(nodes: readonly NodeStanding[]): RunStatus {
  const some = (...statuses: readonly RunJobStatus[]) =>
    nodes.some(({ status }) => statuses.includes(status));
  if (some('running', 'pending', 'detached')) return 'running';
  if (some('interrupted')) return 'interrupted';
  if (some('failed')) return 'failed';
  if (some('cancelled')) return 'cancelled';
  if (!nodes.some(({ kind, status }) => kind === 'execute' && status === 'passed')) return 'skipped';
  // What it waited for has passed since, and nobody was there to run it.
  return some('skipped') ? 'interrupted' : 'passed';
}

/** What a reader wants to know first of a run that did not pass; null when the nodes say nothing of it. */
export function runProblemOf(nodes: readonly NodeStanding[]): string | null {
  const failed = nodes.find(({ status }) => status === 'failed');
  if (failed !== undefined) return `${failed.id} failed`;
  const never = nodes.find(({ status }) => status === 'skipped');
  return never !== undefined && runStatusOf(nodes) === 'interrupted' ? `${never.id} never ran` : null;
}

/**
 * The nodes of a recorded run. A prepare node is recorded when it has ended: one that is not waits while the runner lives, and has ended
 * with it otherwise, unless something that needs it has begun. `plan` is null when it cannot be read.
 */
export function nodesOf(run: RunRecord, plan: PlanRecord | null, runner: 'lives' | 'ended'): NodeStanding[] {
  const ended = new Map(
    run.prepare_timings.map(({ node_id, ok, status }) => [node_id, status ?? (ok ? 'passed' : 'failed')]),
  );
  const planned = plan?.nodes ?? [];
  const begun = run.jobs.flatMap(({ id, started_at }) => (started_at === null ? [] : [id]));
  const needed = whatTheyNeed(planned, [...begun, ...ended.keys()]);
  const open = run.status !== 'running' ? 'skipped' : runner === 'lives' ? 'pending' : 'interrupted';
  const ids = new Set([
    ...planned.flatMap(({ id, kind }) => (kind === 'prepare' ? [id] : [])),
    ...ended.keys(),
  ]);
  const prepares = [...ids].map((id): NodeStanding => {
    const status = ended.get(id) ?? (needed.has(id) ? 'passed' : open);
    return { id, kind: 'prepare', status };
  });
  return [...prepares, ...run.jobs.map(({ id, status }): NodeStanding => ({ id, kind: 'execute', status }))];
}

/** All that these nodes depend on, and what that depends on. */
function whatTheyNeed(planned: PlanRecord['nodes'], ids: readonly string[]): ReadonlySet<string> {
  const needed = new Set<string>();
  const open = [...ids];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    const node = planned.find((one) => one.id === id);
    for (const need of node?.depends_on ?? []) {
      if (!needed.has(need)) open.push(need);
      needed.add(need);
    }
  }
  return needed;
}
