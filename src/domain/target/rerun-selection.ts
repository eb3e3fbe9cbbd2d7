import { err, ok, type Result } from 'neverthrow';
import type { RunJobStatus } from '../events/run-status.js';
import type { PlanNode } from './plan.js';

/** What of a run is run again: what has not passed, or these jobs, by their ids with or without their matrix values. */
export type RerunSelection =
  | { readonly failed: true; readonly jobs?: undefined }
  | { readonly failed?: undefined; readonly jobs: readonly string[] };

/** How a node stands in the run that is repeated. */
export interface EarlierStanding {
  readonly status: RunJobStatus;
  readonly allow_failure?: true | undefined;
  readonly not_needed?: true | undefined;
}

/**
 * The nodes that are run again: those that are asked for, what comes after them, what they need and has not passed, and whatever makes
 * something for one of these. All others are taken over. The error is a sentence.
 */
export function selectAgain(
  nodes: readonly PlanNode[],
  earlier: ReadonlyMap<string, EarlierStanding>,
  selection: RerunSelection,
): Result<ReadonlySet<string>, string> {
  const seeds = selection.failed === true ? notPassed(nodes, earlier) : named(nodes, selection.jobs);
  if (seeds.isErr()) return err(seeds.error);
  const again = new Set<string>(seeds.value);
  for (let size = -1; size !== again.size; ) {
    size = again.size;
    for (const { id, dependsOn } of nodes) if (dependsOn.some((need) => again.has(need))) again.add(id);
    for (const { id, when, dependsOn } of nodes)
      if (again.has(id) && when === 'on_success')
        for (const need of dependsOn) if (!isGood(earlier.get(need))) again.add(need);
  }
  // What is made for them is found made, as a rule, and what has passed with it has passed.
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const open = [...again];
  for (let id = open.pop(); id !== undefined; id = open.pop())
    for (const need of byId.get(id)?.outputs ?? []) {
      if (!again.has(need)) open.push(need);
      again.add(need);
    }
  return ok(again);
}

function isGood(standing: EarlierStanding | undefined): boolean {
  return standing?.status === 'passed' || (standing?.status === 'failed' && standing.allow_failure === true);
}

function notPassed(
  nodes: readonly PlanNode[],
  earlier: ReadonlyMap<string, EarlierStanding>,
): Result<readonly string[], string> {
  const found = nodes.filter(({ id }) => {
    const standing = earlier.get(id);
    return standing?.status !== 'passed' && standing?.not_needed !== true;
  });
  return found.length > 0
    ? ok(found.map(({ id }) => id))
    : err('all of it has passed: without --failed it is run again');
}

function named(nodes: readonly PlanNode[], jobs: readonly string[]): Result<readonly string[], string> {
  const found: string[] = [];
  for (const name of jobs) {
    const ids = nodes.flatMap((node) =>
      node.kind === 'execute' && (node.id === name || node.baseId === name) ? [node.id] : [],
    );
    if (ids.length === 0) {
      const known = nodes.flatMap(({ id, kind }) => (kind === 'execute' ? [id] : [])).join(', ');
      return err(`it has no job ${name}; it has ${known}`);
    }
    found.push(...ids);
  }
  return ok(found);
}
