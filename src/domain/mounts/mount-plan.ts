import { err, ok, type Result } from 'neverthrow';
import { declaredPayloadMountDeviceName } from './mount-device-name.js';
import type { PayloadMountRecord } from './payload-manifest.js';
import {
  clashingMount,
  type PayloadMountFault,
  type ValidatedPayloadMount,
  validatePayloadMounts,
} from './payload-mount-rules.js';

/** The mounts that one output root declares; `devicePrefix` tells its devices from those of the other outputs. */
export interface DeclaredMounts {
  readonly devicePrefix: string;
  readonly outputRoot: string;
  readonly mounts: readonly PayloadMountRecord[];
}

/** One disk device to be. `outputRoot` is kept: the host checks that the source really lies in it. */
export interface PlannedMount extends ValidatedPayloadMount {
  readonly deviceName: string;
  readonly devicePrefix: string;
  readonly outputRoot: string;
}

/** Checks every output's mounts and then all of them together: no two on one place, none inside another, no two devices of one name. */
export function planDeclaredMounts(
  outputs: readonly DeclaredMounts[],
): Result<PlannedMount[], PayloadMountFault> {
  const planned: PlannedMount[] = [];
  for (const output of outputs) {
    const mounts = validatePayloadMounts(output.outputRoot, output.mounts);
    if (mounts.isErr()) return err(mounts.error);
    for (const mount of mounts.value) {
      const clash = clashingMount(planned, { ...mount, devicePrefix: output.devicePrefix });
      if (clash !== null) return err(clash);
      const deviceName = declaredPayloadMountDeviceName(output.devicePrefix, mount.name);
      if (planned.some((other) => other.deviceName === deviceName))
        return err(sameDevice(mount.name, deviceName));
      planned.push({
        ...mount,
        deviceName,
        devicePrefix: output.devicePrefix,
        outputRoot: output.outputRoot,
      });
    }
  }
  return ok(planned);
}

function sameDevice(mountName: string, deviceName: string): PayloadMountFault {
  return {
    kind: 'invalid_payload_mount',
    field: 'name',
    mountName,
    value: mountName,
    message: `mount ${JSON.stringify(mountName)}: name gives the device name ${deviceName}, which another mount has`,
  };
}
