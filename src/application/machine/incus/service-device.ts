import { sha256Hex } from '../../../domain/values/content-hash.js';
import type { IncusDevice } from '../../../ports/incus-types.js';
import type { Networked } from '../service-networks.js';

/** The name of the device, and in a container that of the interface. */
export const SERVICE_DEVICE = 'svc0';

/** By this address the interface is found in its guest, whatever it is called there. `02`: given out by nobody. */
export function macOf(machine: Pick<Networked, 'name' | 'acquisition'>): string {
  const hex = sha256Hex(`${machine.name}:${machine.acquisition ?? ''}`);
  return ['02', ...[0, 2, 4, 6, 8].map((at) => hex.slice(at, at + 2))].join(':');
}

export function serviceDevice(machine: Networked, network: string): IncusDevice {
  return {
    type: 'nic',
    name: SERVICE_DEVICE,
    network,
    hwaddr: macOf(machine),
    'security.mac_filtering': 'true',
  };
}
