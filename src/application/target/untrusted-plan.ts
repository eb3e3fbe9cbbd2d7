import type { PlanNode } from '../../domain/target/plan.js';
import { whyNoProfiles } from '../machine/untrusted-profiles.js';

/** What a plan asks for that a run may not have when it is not trusted; null when there is nothing of the kind. */
export function whyNotUntrusted(
  nodes: readonly PlanNode[],
): { readonly field: string; readonly message: string } | null {
  for (const node of nodes) {
    if (node.kind === 'prepare' && node.prepare.type !== 'path' && node.prepare.type !== 'template') {
      const message = `the prepare node "${node.id}" runs outside a machine, on what the workspace says: a run that is not trusted has none, but for nodes of the type "path"`;
      return { field: `prepare.${node.id}`, message };
    }
    const refused = node.kind === 'execute' ? whyNoProfiles(node.job.extraProfiles) : null;
    if (node.kind === 'execute' && refused !== null)
      return { field: `jobs.${node.baseId}.extraProfiles`, message: `the job "${node.id}" has ${refused}` };
  }
  return null;
}

/** What is said of the secrets that are kept from such a run. */
export function withheldSecrets(nodes: readonly PlanNode[]): string[] {
  return nodes.flatMap((node) => {
    if (node.kind !== 'execute') return [];
    const withheld = Object.entries(node.job.secrets).filter(([, { untrusted }]) => untrusted !== true);
    if (withheld.length === 0) return [];
    const names = withheld.map(([name]) => name).join(', ');
    return [
      `the job ${node.id} runs without ${names}: the run is not trusted, and only secrets with "untrusted": true are for it`,
    ];
  });
}
