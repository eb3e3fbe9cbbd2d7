import { err, ok, type Result } from 'neverthrow';
import { declaredPayloadMountDeviceName } from '../../../domain/mounts/mount-device-name.js';
import type { Trust } from '../../../domain/values/trust.js';
import type { FileStore } from '../../../ports/file-store.js';
import type { IncusConfig, IncusDevice, IncusDevices } from '../../../ports/incus-types.js';
import type { JobFault } from '../../faults/job-fault.js';
import { hostFilesFault } from '../../faults/port-faults.js';
import type { MachineSpec } from '../machine-spec.js';
import { IDMAP } from './waiting-instance.js';

const PHASE = 'prepare_runtime';
const PREFIX = 'hostdir';

/** The directories of the host that the machine was promised, as disk devices. */
export async function hostDirectoryDevices(
  files: FileStore,
  { spec, trust }: { readonly spec: MachineSpec; readonly trust: Trust },
  signal: AbortSignal,
): Promise<Result<IncusDevices, JobFault>> {
  const { hostDirectories = [] } = spec;
  const { host } = files;
  if (trust === 'untrusted' && (hostDirectories.length > 0 || spec.hostOwner !== undefined)) {
    const message =
      'what is not trusted gets no directories of the host, and is nobody there: leave "hostDirectories" and "hostOwner" out';
    return err({ kind: 'not_trusted', phase: PHASE, host, message, field: 'hostDirectories' });
  }
  const devices: [string, IncusDevice][] = [];
  for (const [index, { source, path, readOnly }] of hostDirectories.entries()) {
    const found = await files.realpath(source, { signal });
    if (found.isErr()) {
      if (found.error.kind !== 'not_found') return err(hostFilesFault(found.error, PHASE));
      const field = `hostDirectories.${index}.source`;
      const message = `${field}: ${source} does not exist on ${host}`;
      return err({ kind: 'invalid_job', phase: PHASE, host, message, field });
    }
    const readonly = String(readOnly);
    devices.push([
      declaredPayloadMountDeviceName(PREFIX, path),
      { type: 'disk', source: found.value, path, readonly },
    ]);
  }
  return ok(Object.fromEntries(devices));
}

/**
 * Root of the machine is that user of the host, and no other of its users is anybody there: a file that it writes, with whatever mode, is
 * never root's on the host. Source: Incus's documentation, "Idmaps for user namespace", `raw.idmap`.
 */
export function ownerConfig({ hostOwner }: Pick<MachineSpec, 'hostOwner'>): IncusConfig {
  return hostOwner === undefined ? {} : { [IDMAP]: `uid ${hostOwner.uid} 0\ngid ${hostOwner.gid} 0` };
}
