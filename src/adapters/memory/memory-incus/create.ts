import { err, ok, type Result } from 'neverthrow';
import { parseByteSize } from '../../../domain/values/byte-size.js';
import type { IncusFault } from '../../../ports/incus-fault.js';
import type { IncusCreateInstance, IncusDevices } from '../../../ports/incus-types.js';
import { checkDevices, checkRestricted, hostPath } from './device-rules.js';
import { targeted } from './memory-cluster.js';
import { memoryFault, refuse } from './memory-fault.js';
import type { MemoryFaults } from './memory-faults.js';
import type { MemoryInstance, MemorySnapshot } from './memory-instance.js';
import type { MemoryProject, MemoryWorld } from './memory-world.js';

const tried = 'POST /1.0/instances';
const validName = /^(?!-)(?!\d+$)[A-Za-z0-9-]{1,63}(?<!-)$/;

/** Says whether the host has a path; the fake's stand-in for the host's file system. */
export type HostHasPath = (path: string) => boolean | Promise<boolean>;

interface Admitted {
  readonly project: MemoryProject;
  readonly fingerprint: string;
  /** Null for what is no copy. */
  readonly copied: MemorySnapshot | null;
}

/** Everything that Incus refuses before it makes an operation. */
export function admit(
  world: MemoryWorld,
  projectName: string,
  wanted: IncusCreateInstance,
): Result<Admitted, IncusFault> {
  return world.project(projectName, tried).andThen((project) => {
    if (!validName.test(wanted.name)) return refuse('invalid_request', tried, 'Invalid instance name');
    const at = targeted(world.cluster, wanted.target, tried);
    if (at.isErr()) return err(at.error);
    const unknown = wanted.profiles?.find((name) => !project.profiles.has(name));
    if (unknown) return refuse('not_found', tried, `Requested profile "${unknown}" doesn't exist`);
    return checkRestricted(project.config, wanted.config, wanted.devices, tried)
      .andThen(() => checkDevices(wanted.devices, wanted.type, tried))
      .andThen(() => world.fingerprintOf(project, wanted.source, tried))
      .andThen((fingerprint) =>
        project.instances.has(wanted.name)
          ? refuse('already_exists', tried, `Instance "${wanted.name}" already exists`)
          : withinLimits(project, projectName, wanted).andThen(() =>
              world
                .beginningOf(project, wanted.source, tried)
                .andThen((copied) =>
                  copied !== null && copied.type !== wanted.type
                    ? refuse('invalid_request', tried, "Instance type doesn't match the copied instance's")
                    : ok({ project, fingerprint, copied }),
                ),
            ),
      );
  });
}

/** The project's limits, as far as the fake has them: `limits.instances`, and `limits.memory` of what says its own. */
function withinLimits(
  project: MemoryProject,
  name: string,
  wanted: IncusCreateInstance,
): Result<void, IncusFault> {
  const instances = [...project.instances.values()];
  const most = project.config['limits.instances'];
  if (most !== undefined && instances.length >= Number(most))
    return refuse('quota_reached', tried, `Reached maximum number of instances in project "${name}"`);
  const memory = project.config['limits.memory'];
  const all = [wanted, ...instances].map(({ config }) => parseByteSize(config['limits.memory'] ?? '') ?? 0);
  const sum = all.reduce((total, one) => total + one, 0);
  if (memory === undefined || sum <= (parseByteSize(memory) ?? 0)) return ok(undefined);
  const message = `Failed checking if instance creation allowed: Reached maximum aggregate value "${memory}" for "limits.memory" in project "${name}"`;
  return refuse('quota_reached', tried, message);
}

/** The operation: makes the instance, then starts it. A start that fails leaves the instance where it is. */
export async function make(
  instance: MemoryInstance,
  project: MemoryProject,
  faults: MemoryFaults,
  hostHasPath: HostHasPath,
): Promise<Result<void, IncusFault>> {
  const missing = await missingSource(instance.expandedDevices, project, hostHasPath);
  if (missing) {
    project.instances.delete(instance.name);
    return refuse('operation_failed', tried, missing);
  }
  await faults.passCreate();
  const failure = instance.created.start ? faults.takeFailStart() : null;
  instance.busyWith = null;
  if (failure !== null) return err(memoryFault('operation_failed', tried, failure));
  if (instance.created.start) instance.status = 'Running';
  return ok(undefined);
}

async function missingSource(
  devices: IncusDevices,
  project: MemoryProject,
  hostHasPath: HostHasPath,
): Promise<string | undefined> {
  for (const [name, device] of Object.entries(devices)) {
    const path = hostPath(device);
    const required = device['required'] !== 'false';
    if (path !== undefined && required && !(await hostHasPath(path))) {
      return `Failed add validation for device "${name}": Missing source path "${path}" for disk "${name}"`;
    }
    const volume = device['type'] === 'disk' && device['pool'] ? device['source'] : undefined;
    if (volume && !project.volumes.has(`${device['pool']}/${volume}`)) {
      return `Failed add validation for device "${name}": Storage volume not found`;
    }
  }
  return undefined;
}
