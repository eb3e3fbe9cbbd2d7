import { hostSpace, isFull, spaceText } from '../directories/host-space.js';
import type { JobFault } from '../faults/job-fault.js';
import type { PrepareCall, PreparePorts } from './prepare-call.js';

/**
 * The fault of a node that failed. On a host without space it is no failure of the node: it says nothing about what was to be made. To be
 * asked before what the node has written is removed, which leaves room.
 */
export async function orFullDisk(
  { shell }: Pick<PreparePorts, 'shell'>,
  fault: JobFault,
  { signal, paths }: Pick<PrepareCall, 'signal'> & { readonly paths: readonly string[] },
): Promise<JobFault> {
  if (fault.kind !== 'prepare_failed') return fault;
  for (const path of paths) {
    const space = await hostSpace(shell, path, signal);
    if (space === null || !isFull(space)) continue;
    const message = `${fault.message}\nno space is left on the disk of ${path}: ${spaceText(space)} are free`;
    return { ...fault, kind: 'host_files', message };
  }
  return fault;
}
