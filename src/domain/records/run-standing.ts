import type { RunJobStatus, RunStatus } from '../events/run-status.js';
import { isAllowedToFail } from '../values/node-condition.js';
import type { PlanRecord } from './plan-record.js';
import type { RunRecord } from './run-record.js';

/** A node of a run's plan, and how it stands. */
export interface NodeStanding {
  readonly id: string;
  readonly kind: 'prepare' | 'execute';
  readonly status: RunJobStatus;
  /** Its failure does not count. */
  readonly allow_failure?: true | undefined;
  /** Skipped, and nothing is missing. */
  readonly not_needed?: true | undefined;
}

/**
 * How a run stands, from how each node of its plan does; the table in `docs/operations.md` has the cases. The first rule that applies:
 * what goes on, or may, keeps it `running`; what lost its runner makes it `interrupted`; a failure outweighs a cancel, and a cancel what
 * passed. It has `passed` when every node has, or was allowed to fail, or was not needed, and a job has run: what never ran is never green.
 */
export function runStatusOf(nodes: readonly NodeStanding[]): RunStatus {
  const some = (...statuses: readonly RunJobStatus[]) =>
    nodes.some(({ status }) => statuses.includes(status));
  if (some('running', 'pending', 'detached')) return 'running';
  if (some('interrupted')) return 'interrupted';
  if (nodes.some(hasFailed)) return 'failed';
  if (some('cancelled')) return 'cancelled';
  if (!nodes.some((node) => node.kind === 'execute' && (node.status === 'passed' || isAllowedToFail(node))))
    return 'skipped';
  // What it waited for has passed since, and nobody was there to run it.
  return nodes.some(isMissing) ? 'interrupted' : 'passed';
}

const hasFailed = (node: NodeStanding) => node.status === 'failed' && !isAllowedToFail(node);
const isMissing = ({ status, not_needed }: NodeStanding) => status === 'skipped' && not_needed !== true;

/** What a reader wants to know first of a run: why it did not pass, or what was allowed to fail; null when the nodes say nothing of it. */
export function runProblemOf(nodes: readonly NodeStanding[]): string | null {
  const failed = nodes.find(hasFailed);
  if (failed !== undefined) return `${failed.id} failed`;
  const status = runStatusOf(nodes);
  const never = nodes.find(isMissing);
  if (never !== undefined && status === 'interrupted') return `${never.id} never ran`;
  const allowed = nodes.filter(isAllowedToFail).map(({ id }) => id);
  return allowed.length > 0 && status === 'passed' ? `allowed to fail, and did: ${allowed.join(', ')}` : null;
}

/**
 * The nodes of a recorded run. A prepare node is recorded when it has ended: one that is not waits while the runner lives, and has ended
 * with it otherwise, unless something that needs it has begun. `plan` is null when it cannot be read.
 */
export function nodesOf(run: RunRecord, plan: PlanRecord | null, runner: 'lives' | 'ended'): NodeStanding[] {
  const ended = new Map(
    run.prepare_timings.map(({ node_id, ok, status, allow_failure }) => [
      node_id,
      { status: status ?? (ok ? ('passed' as const) : ('failed' as const)), allow_failure },
    ]),
  );
  const planned = plan?.nodes ?? [];
  const begun = run.jobs.flatMap(({ id, started_at }) => (started_at === null ? [] : [id]));
  const needed = whatTheyNeed(planned, [...begun, ...ended.keys()]);
  const open = run.status !== 'running' ? 'skipped' : runner === 'lives' ? 'pending' : 'interrupted';
  const ids = new Set([
    ...planned.flatMap(({ id, kind }) => (kind === 'prepare' ? [id] : [])),
    ...ended.keys(),
  ]);
  const optional = afterFailures(planned);
  const prepares = [...ids].map((id): NodeStanding => {
    const known = ended.get(id);
    if (known !== undefined) return { id, kind: 'prepare', ...known };
    const status = needed.has(id) ? 'passed' : open;
    // One that waits for a failure, and is not recorded when the run has ended, was not needed.
    return { id, kind: 'prepare', status, ...(optional.has(id) ? { not_needed: true } : {}) };
  });
  const jobs = run.jobs.map(
    ({ id, status, allow_failure, not_needed }): NodeStanding => ({
      id,
      kind: 'execute',
      status,
      allow_failure,
      not_needed,
    }),
  );
  return [...prepares, ...jobs];
}

/** Those that wait for a failure, and what depends on them; each stands after all that it depends on. */
function afterFailures(planned: PlanRecord['nodes']): ReadonlySet<string> {
  const found = new Set<string>();
  for (const { id, when, depends_on: needs } of planned)
    if (when === 'on_failure' || needs.some((need) => found.has(need))) found.add(id);
  return found;
}

/** All that must have passed for these to begin, and for that. */
function whatTheyNeed(planned: PlanRecord['nodes'], ids: readonly string[]): ReadonlySet<string> {
  const needed = new Set<string>();
  const open = [...ids];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    const node = planned.find((one) => one.id === id);
    if (node?.when !== undefined && node.when !== 'on_success') continue;
    for (const need of node?.depends_on ?? []) {
      if (!needed.has(need)) open.push(need);
      needed.add(need);
    }
  }
  return needed;
}
