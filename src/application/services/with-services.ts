import { ok, type Result } from 'neverthrow';
import type { Lease } from '../../domain/machine/lease.js';
import type { FileStore } from '../../ports/file-store.js';
import type { JobFault } from '../faults/job-fault.js';
import type { LeaseStore } from '../lease/lease-store.js';
import { writeLease } from '../lease/write-lease.js';
import type { Machine } from '../machine/machine-backend.js';
import { releaseMachine } from '../machine/release-machine.js';
import type { JobNetwork, ServiceNetworks } from '../machine/service-networks.js';
import type { ServiceMachine } from './service-machine.js';

/** The machines beside one, and the network that all of them are on. */
export interface MachineGroup {
  readonly services: readonly ServiceMachine[];
  readonly network: JobNetwork | null;
  readonly networks: ServiceNetworks;
}

/** The machine of a job, as whose the others live: they have its lease, and go with it. */
export function withServices(machine: Machine, group: MachineGroup, hostFiles: FileStore): Machine {
  return {
    ...machine,
    lease: leaseOfAll(machine.lease, group),
    remove: async (signal) => {
      const removed = await machine.remove(signal);
      const others = await removeServices(group, hostFiles, signal);
      return removed.isErr() ? removed : others;
    },
  };
}

/** Removes all of them beside each other, then their network. */
export async function removeServices(
  { services, network, networks }: MachineGroup,
  hostFiles: FileStore,
  signal: AbortSignal,
): Promise<Result<void, JobFault>> {
  const removed = await Promise.all(
    services.map(({ machine, journal }) => releaseMachine(machine, hostFiles, journal)),
  );
  const failed = removed.find((one) => one.isErr());
  const gone = network === null ? ok(undefined) : await networks.remove(network, signal);
  return failed ?? gone;
}

/** Whose the first is, the others are. One that is gone, or a reaper's, has no part in it. */
function leaseOfAll(first: LeaseStore, { services }: MachineGroup): LeaseStore {
  return {
    machine: first.machine,
    read: (signal) => first.read(signal),
    write: async (lease, version, signal) => {
      const written = await first.write(lease, version, signal);
      if (written.isOk()) await Promise.all(services.map((one) => renew(one, lease, signal)));
      return written;
    },
  };
}

async function renew({ machine, journal }: ServiceMachine, lease: Lease, signal: AbortSignal): Promise<void> {
  const { owner, expiresAtMs } = lease;
  const written = await writeLease(machine.lease, { owner, expiresAtMs }, null, signal);
  if (written.isErr() && written.error.kind === 'failed') journal.warn(written.error.fault.message);
}
