import type { MachineAcquired } from '../../domain/job/job-outcome.js';
import type { MachinePlace } from './machine-spec.js';

/** The name of a machine that had waited: it had one before it had its ids, from which that of any other follows. */
export function claimedName({
  acquired,
  instance_name: instanceName,
}: {
  readonly acquired?: MachineAcquired | undefined;
  readonly instance_name: string | null;
}): Pick<MachinePlace, 'instanceName'> {
  return acquired?.from === 'warm' && instanceName !== null ? { instanceName } : {};
}
