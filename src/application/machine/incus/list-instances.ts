import type { Result } from 'neverthrow';
import { readLease } from '../../../domain/machine/lease.js';
import type { JobFault } from '../../faults/job-fault.js';
import { incusFault } from '../../faults/port-faults.js';
import type { JobPorts } from '../../settings/job-ports.js';
import type { LeasedMachine } from '../leased-machine.js';
import { IncusLeaseStore } from './incus-lease-store.js';
import { removeInstance } from './remove-instance.js';

const PHASE = 'clean_up';

/** The instances of a project that carry a lease. */
export async function listInstances(
  ports: Pick<JobPorts, 'incus' | 'clock'>,
  project: string,
  signal: AbortSignal,
): Promise<Result<LeasedMachine[], JobFault>> {
  const listed = await ports.incus.instances(project, { signal });
  return listed
    .map((instances) =>
      instances.flatMap(({ name, config, status }) => {
        const lease = readLease(config);
        if (lease === null) return [];
        const place = new IncusLeaseStore(ports.incus, project, name);
        const remove = async (bound: AbortSignal) => {
          const removed = await removeInstance(
            ports,
            { project, name, acquisition: lease.acquisition },
            bound,
          );
          return removed.mapErr((fault) => incusFault(fault, PHASE));
        };
        return [{ name, lease, isUp: status !== 'Stopped' && status !== 'Error', place, remove }];
      }),
    )
    .mapErr((fault) => incusFault(fault, PHASE));
}
