import type { RemoteLinuxVmBackend } from '../../domain/machine/remote-linux-vm-context.js';
import type { JobFault } from '../faults/job-fault.js';
import type { GuestFault } from '../supervisor/guest.js';

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

/** What the daemon answers before it runs anything. */
const REFUSED_AT_ONCE: readonly string[] = [
  'invalid_request',
  'permission_denied',
  'already_exists',
  'stale',
];

/**
 * Whether a guest may have taken its job though the call that hands it over failed. Only what was refused before anything ran is sure not to
 * have: of all else the guest is asked.
 */
export function mayHaveTaken(
  { kind, cause }: Pick<GuestFault, 'kind' | 'cause'>,
  backend: RemoteLinuxVmBackend,
): boolean {
  if (backend === 'microvm') return true;
  if (kind === 'gone') return false;
  return kind !== 'refused' || cause === undefined || !REFUSED_AT_ONCE.includes(cause.kind);
}
