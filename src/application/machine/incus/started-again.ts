import type { Result } from 'neverthrow';
import type { RemoteIncusContext } from '../../../domain/machine/remote-linux-vm-context.js';
import type { IncusApi } from '../../../ports/incus-api.js';
import type { SupervisorSource } from '../../settings/supervisor-source.js';
import type { GuestCall, GuestFault } from '../../supervisor/guest.js';
import type { SupervisorTransport } from '../../supervisor/supervised-guest.js';
import type { MachinePlace } from '../machine-spec.js';
import { WakingTransport } from '../waking-transport.js';
import { guestFault } from './incus-guest-fault.js';
import { IncusSupervisorTransport } from './incus-supervisor-transport.js';

const START = { action: 'start', timeoutSecs: 60, force: false } as const;

/** The supervisor of an instance, which is started where it does not run. A service or a template that has stopped is left so. */
export function startedAgain(
  incus: IncusApi,
  { isKept = false }: Pick<MachinePlace, 'isKept'>,
  context: RemoteIncusContext,
  supervisor: SupervisorSource,
): SupervisorTransport {
  const transport = new IncusSupervisorTransport(incus, context, supervisor);
  return isKept ? transport : new WakingTransport(transport, (call) => startInstance(incus, context, call));
}

export async function startInstance(
  incus: IncusApi,
  { incusProject, incusInstanceName }: RemoteIncusContext,
  { signal }: GuestCall,
): Promise<Result<void, GuestFault>> {
  const started = await incus.changeState(incusProject, incusInstanceName, START, { signal });
  return started.mapErr(guestFault);
}
