import type { PlanRecord } from '../../../../domain/records/plan-record.js';
import type { PrepareTiming, RunJobRecord, RunRecord } from '../../../../domain/records/run-record.js';
import type { NodeCondition } from '../../../../domain/values/node-condition.js';
import { isAllowed } from './node-row.js';
import { type NodeState, type TreeNode, waitingNode } from './tree-node.js';

export interface RecordedRun {
  readonly run: RunRecord;
  /** Null when it cannot be read: the jobs alone are shown. */
  readonly plan: PlanRecord | null;
}

/** The nodes of a run as its records have them. `monotonic` turns a recorded time into ms of the clock that the tree goes by. */
export function recordedNodes(
  { run, plan }: RecordedRun,
  monotonic: (iso: string) => number,
): readonly TreeNode[] {
  const jobs = run.jobs.map(({ id }) => ({ id, kind: 'execute' as const, depends_on: [] }));
  const states = new Map<string, NodeState>();
  const allowed = new Set<string>();
  return (plan?.nodes ?? jobs).map((planned) => {
    const { id, kind, depends_on: dependsOn } = planned;
    const when = 'when' in planned ? planned.when : undefined;
    const waiting = waitingNode({ id, kind, dependsOn });
    const node =
      kind === 'execute'
        ? jobNode(
            waiting,
            run.jobs.find((job) => job.id === id),
            monotonic,
          )
        : prepareNode(waiting, { run, states, allowed, when, monotonic });
    states.set(id, node.state);
    if (isAllowed(node)) allowed.add(id);
    return node;
  });
}

function jobNode(
  waiting: TreeNode,
  job: RunJobRecord | undefined,
  monotonic: (iso: string) => number,
): TreeNode {
  if (job === undefined || job.status === 'pending') return waiting;
  const { status: state, started_at: started, finished_at: finished } = job;
  const step = job.steps?.find(({ status }) => status === 'running')?.name ?? null;
  // Records do not have the phase that a job is in.
  const running = state === 'running' ? 'runs' : '';
  const message = state === 'detached' ? 'left running' : (job.message ?? running);
  const since = started === null ? null : monotonic(started);
  const durationMs = since === null || finished === null ? null : monotonic(finished) - since;
  const allowed = job.allow_failure === true;
  const from = job.taken_over_from ?? null;
  return { ...waiting, from, attempt: job.attempt ?? null, state, step, message, allowed, since, durationMs };
}

/** A prepare node is recorded when it has ended; until then its state is what its dependencies allow. */
function prepareNode(
  waiting: TreeNode,
  {
    run,
    states,
    allowed,
    when = 'on_success',
    monotonic,
  }: {
    readonly run: RunRecord;
    readonly states: ReadonlyMap<string, NodeState>;
    readonly allowed: ReadonlySet<string>;
    readonly when: NodeCondition | undefined;
    readonly monotonic: (iso: string) => number;
  },
): TreeNode {
  const timing = run.prepare_timings.find(({ node_id: id }) => id === waiting.id);
  if (timing !== undefined) return endedPrepare(waiting, timing, monotonic);
  const lost = waiting.dependsOn.find(
    (id) => !['passed', 'running', 'waiting'].includes(states.get(id) ?? '') && !allowed.has(id),
  );
  if (lost !== undefined && when === 'on_success')
    return { ...waiting, state: 'skipped', message: `${lost} did not pass` };
  if (run.status === 'interrupted')
    return { ...waiting, state: 'interrupted', message: 'its runner has ended' };
  if (run.status !== 'running')
    return when === 'on_failure'
      ? { ...waiting, state: 'skipped', message: 'nothing that it waits for has failed' }
      : { ...waiting, state: 'cancelled', message: 'not started' };
  const ready = waiting.dependsOn.every((id) => !['running', 'waiting'].includes(states.get(id) ?? ''));
  return ready ? { ...waiting, state: 'running' } : waiting;
}

function endedPrepare(
  waiting: TreeNode,
  { ok, cached, message, started_at: started, duration_ms: durationMs, allow_failure }: PrepareTiming,
  monotonic: (iso: string) => number,
): TreeNode {
  const state = ok ? 'passed' : 'failed';
  const allowed = allow_failure === true;
  return {
    ...waiting,
    state,
    cached,
    allowed,
    message: message ?? '',
    since: monotonic(started),
    durationMs,
  };
}
