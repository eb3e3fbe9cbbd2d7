import type { RunEnd } from '../run-end.js';
import type { TreeNode } from './tree-node.js';

/** The end of a node that has told none itself: the process leaves early, or on a system failure. Null when it has one. */
export function leftOver(
  node: TreeNode,
  end: RunEnd,
): (Pick<TreeNode, 'state' | 'message'> & Partial<Pick<TreeNode, 'allowed'>>) | null {
  if (node.state !== 'waiting' && node.state !== 'running') return null;
  const job = end.jobs.find(({ jobId }) => jobId === node.id);
  if (job?.kind === 'faulted') {
    const { kind, message } = job.fault;
    return { state: kind === 'cancelled' ? 'cancelled' : 'failed', message, allowed: job.allowed === true };
  }
  if (job?.kind === 'skipped') return { state: 'skipped', message: job.reason };
  if (job?.kind === 'ended') {
    const { status: state, message } = job.run.outcome;
    return { state, message, allowed: job.allowed === true };
  }
  if (job?.kind === 'recorded') return null;
  return node.state === 'running'
    ? { state: 'detached', message: 'left behind' }
    : { state: 'cancelled', message: 'not started' };
}
