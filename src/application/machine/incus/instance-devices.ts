import type { IncusDevice, IncusDevices } from '../../../ports/incus-types.js';
import type { ResolvedMount } from '../../mounts/resolve-mounts.js';

interface DiskMount extends ResolvedMount {
  /** Owners on the host are owners in the guest (idmapped mount), as in a microVM; only so can an overlay's files be changed there, and private ones be read. */
  readonly shift: boolean;
}

/** One disk device for each mount; the snapshot is one of them. Source: Incus's reference, "Type: disk". */
export function diskDevices(mounts: readonly DiskMount[]): IncusDevices {
  return Object.fromEntries(
    mounts.map(({ mount, source, shift }): [string, IncusDevice] => [
      mount.deviceName,
      {
        type: 'disk',
        source,
        path: mount.guestPath,
        readonly: String(mount.readOnly),
        ...(shift ? { shift: 'true' } : {}),
      },
    ]),
  );
}

/** The same devices without idmapped mounts, for hosts and projects that do not allow them. */
export function withoutShift(devices: IncusDevices): IncusDevices {
  return Object.fromEntries(
    Object.entries(devices).map(([name, { shift: _, ...device }]): [string, IncusDevice] => [name, device]),
  );
}
