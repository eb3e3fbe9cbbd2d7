import type { RemoteLinuxVmBackend } from '../../domain/machine/remote-linux-vm-context.js';
import type { JobFault } from '../faults/job-fault.js';
import { type GuestFault, isRefusedAtOnce } from '../supervisor/guest.js';

/**
 * Whether a job may run though its machine could not be had. A microVM starts its job as it boots: a launch whose answer was lost may have
 * come that far, and then there is something to attach to. An instance is given its job when its launch has succeeded.
 */
export function mayHaveBegun(
  { phase, cause }: Pick<JobFault, 'phase' | 'cause'>,
  backend: RemoteLinuxVmBackend,
): boolean {
  const isLost = cause?.kind === 'connection_lost' || cause?.kind === 'unreachable';
  return backend === 'microvm' && phase === 'launch_guest' && isLost;
}

/**
 * Whether a guest may have taken its job though the call that hands it over failed. Only of what was refused before anything ran is it sure
 * that it has not: of all else the guest is asked.
 */
export function mayHaveTaken(
  fault: Pick<GuestFault, 'kind' | 'cause'>,
  backend: RemoteLinuxVmBackend,
): boolean {
  return backend === 'microvm' || !isRefusedAtOnce(fault);
}
