import { isDeepStrictEqual } from 'node:util';
import { makePlan, type PlanNode } from '../../domain/target/plan.js';
import type { TargetConfig } from '../../domain/target/target-config.js';

/**
 * What a plan that came from a host would have this machine do or give: run a build here, or hand over what its environment has. That is the
 * configuration's to say, and not the host's: both have to say the same.
 */
export function whyNotOurs(
  nodes: readonly PlanNode[],
  configured: TargetConfig | undefined,
  selected: readonly string[],
): { readonly field: string; readonly message: string } | null {
  const planned = configured === undefined ? null : makePlan(configured, selected);
  const own = new Map(planned?.isOk() === true ? planned.value.nodes.map((node) => [node.id, node]) : []);
  for (const node of nodes) {
    const wanted = wantsOfHere(node);
    if (wanted === null || isDeepStrictEqual(wanted.what, wantsOfHere(own.get(node.id))?.what)) continue;
    return { field: wanted.field, message: `${node.id} ${wanted.says}` };
  }
  return null;
}

function wantsOfHere(
  node: PlanNode | undefined,
): { readonly field: string; readonly says: string; readonly what: unknown } | null {
  if (node === undefined) return null;
  if (node.kind === 'prepare' && node.prepare.type === 'nixBuild')
    return node.prepare.where === 'host'
      ? null
      : { field: `prepare.${node.id}`, says: 'is built on this machine', what: node.prepare };
  const secrets =
    node.kind === 'execute' ? node.job.secrets : 'secrets' in node.prepare ? node.prepare.secrets : {};
  if (Object.keys(secrets).length === 0) return null;
  const says = `is given secrets of this machine (${Object.keys(secrets).join(', ')})`;
  return { field: `${node.id}.secrets`, says, what: secrets };
}
