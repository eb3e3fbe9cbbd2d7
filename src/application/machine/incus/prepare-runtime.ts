import { err, ok, type Result } from 'neverthrow';
import type { IncusImageIdentity } from '../../../domain/job/job-outcome.js';
import { askedConfig, askedShare } from '../../../domain/machine/host-share.js';
import type { MachineLimits } from '../../../domain/machine/machine-limits.js';
import type { RemoteIncusContext } from '../../../domain/machine/remote-linux-vm-context.js';
import { POOL_KEY, POOL_TEMPLATE_KEY } from '../../../domain/machine/warm-mark.js';
import { SNAPSHOT_DEVICE_PREFIX } from '../../../domain/mounts/snapshot-mount.js';
import type { Trust } from '../../../domain/values/trust.js';
import type { FileStore } from '../../../ports/file-store.js';
import type { IncusApi } from '../../../ports/incus-api.js';
import type {
  IncusCreateInstance,
  IncusDevice,
  IncusDevices,
  IncusProfile,
} from '../../../ports/incus-types.js';
import type { JobFault } from '../../faults/job-fault.js';
import { type ResolvedMount, resolveMounts } from '../../mounts/resolve-mounts.js';
import type { PlanInput } from '../machine-backend.js';
import { type MachineSpec, mountsOf } from '../machine-spec.js';
import { whyNoProfiles } from '../untrusted-profiles.js';
import { hostDirectoryDevices, ownerConfig } from './host-directory-devices.js';
import { diskDevices } from './instance-devices.js';
import { instanceConfig, machineLimits } from './instance-limits.js';
import { checkIsolation } from './isolation.js';
import { whyDiskIsNotKept } from './kept-disk-limit.js';
import { whyNotFound } from './why-not-found.js';

const PHASE = 'prepare_runtime';

/** All that the one POST needs, but for the lease. */
export interface IncusRuntime {
  readonly instance: IncusCreateInstance;
  /** The storage pool of its root disk; null where its profiles do not say. */
  readonly pool: string | null;
}

export interface IncusRuntimePorts {
  readonly incus: IncusApi;
  readonly hostFiles: FileStore;
}

/** Which image the alias means now; it does not depend on the snapshot, so it is asked for beside the staging. */
export async function resolveImage(
  incus: IncusApi,
  context: Pick<RemoteIncusContext, 'incusProject' | 'incusImageAlias'>,
  signal: AbortSignal,
): Promise<Result<IncusImageIdentity, JobFault>> {
  const { incusProject: project, incusImageAlias: alias } = context;
  const target = await incus.imageAlias(project, alias, { signal });
  if (target.isErr()) {
    const missing = { fault: target.error, phase: PHASE, profiles: [] } as const;
    return err(await whyNotFound(incus, context, missing, signal));
  }
  return ok({ project, alias, fingerprint: target.value.fingerprint });
}

export interface RuntimeSettings {
  readonly image: IncusImageIdentity;
  readonly limits: MachineLimits;
  readonly trust: Trust;
}

/** Reads the manifests, plans every mount (the snapshot among them), and looks where their sources lie. */
export async function prepareIncusRuntime(
  ports: IncusRuntimePorts,
  context: RemoteIncusContext,
  { spec, place }: Pick<PlanInput, 'spec' | 'place'>,
  { image, limits: configured, trust }: RuntimeSettings,
  signal: AbortSignal,
): Promise<Result<IncusRuntime, JobFault>> {
  const refused = trust === 'untrusted' ? whyNoProfiles(spec.extraProfiles) : null;
  if (refused !== null) {
    const field = 'job.extraProfiles';
    return err({ kind: 'not_trusted', phase: PHASE, host: ports.incus.host, message: refused, field });
  }
  const [mounts, directories, profiles] = await Promise.all([
    resolveMounts(ports.hostFiles, mountsOf({ spec, place }, context.shared), signal),
    hostDirectoryDevices(ports.hostFiles, { spec, trust }, signal),
    profilesOf(ports.incus, context, spec, signal),
  ]);
  if (mounts.isErr()) return err(mounts.error);
  if (directories.isErr()) return err(directories.error);
  if (profiles.isErr()) return err(profiles.error);
  const configuredProfile = profiles.value.at(-1);
  if (trust === 'untrusted' && configuredProfile !== undefined) {
    const isolated = await checkIsolation(ports.incus, context, configuredProfile, signal);
    if (isolated.isErr()) return err(isolated.error);
  }
  const limits = machineLimits(spec, configured, profiles.value);
  const root = rootDisk(limits, profiles.value);
  if (root === null) return err(noRootDisk(ports.incus, context));
  const disk = { ...ports, type: spec.instanceType, signal };
  const forgotten = await whyDiskIsNotKept(disk, limits, Object.values(root)[0] ?? {});
  if (forgotten !== null) return err(diskFault(ports.incus, forgotten));
  const copyOf = place.base?.copyOf;
  return ok({
    instance: {
      name: context.incusInstanceName,
      type: spec.instanceType,
      // What a job has left outlives a restart of the host, on which an ephemeral one would be deleted.
      ephemeral: false,
      start: true,
      source: copyOf === undefined ? { fingerprint: image.fingerprint } : { copyOf },
      profiles: [context.incusProfile, ...spec.extraProfiles],
      config: {
        ...instanceConfig(spec.instanceType, limits),
        ...ownerConfig(spec),
        ...askedConfig(askedShare(spec)),
        ...(place.pool === undefined ? {} : poolConfig(place.pool, copyOf?.instance)),
      },
      devices: { ...devicesOf(mounts.value, spec), ...directories.value, ...root },
      description: `pikaci ${context.shared.runId}/${context.shared.jobId}`,
    },
    pool: rootDevice(profiles.value)?.[1]['pool'] ?? null,
  });
}

function poolConfig(pool: string, template: string | undefined): Record<string, string> {
  return { [POOL_KEY]: pool, ...(template === undefined ? {} : { [POOL_TEMPLATE_KEY]: template }) };
}

function devicesOf(mounts: readonly ResolvedMount[], spec: MachineSpec): IncusDevices {
  return diskDevices(
    mounts.map(({ mount, source }) => ({
      mount,
      source,
      // A staged workspace can be read by everybody; an output has the modes and owners that it was made with.
      shift:
        spec.instanceType === 'container' &&
        (spec.writableWorkspace || mount.devicePrefix !== SNAPSHOT_DEVICE_PREFIX),
    })),
  );
}

/** Those of the machine, the one that counts first at the front; the configured one is the last. */
async function profilesOf(
  incus: IncusApi,
  context: RemoteIncusContext,
  spec: MachineSpec,
  signal: AbortSignal,
): Promise<Result<readonly IncusProfile[], JobFault>> {
  const names = [...spec.extraProfiles].reverse().concat(context.incusProfile);
  const found = await Promise.all(names.map((name) => incus.profile(context.incusProject, name, { signal })));
  const profiles: IncusProfile[] = [];
  for (const [index, profile] of found.entries()) {
    if (profile.isErr()) {
      const missing = { fault: profile.error, phase: PHASE, profiles: [names[index] ?? ''] } as const;
      return err(await whyNotFound(incus, context, missing, signal));
    }
    profiles.push(profile.value.value);
  }
  return ok(profiles);
}

/** A disk limit is the profile's root disk with a size of its own; nothing when there is no limit, null when there is no root disk. */
function rootDisk({ disk }: MachineLimits, profiles: readonly IncusProfile[]): IncusDevices | null {
  if (disk === undefined) return {};
  const root = rootDevice(profiles);
  return root === null ? null : { [root[0]]: { ...root[1], size: disk } };
}

/** With its name; null when there is none. */
export function rootDevice(profiles: readonly IncusProfile[]): readonly [string, IncusDevice] | null {
  for (const { devices } of profiles) {
    const root = Object.entries(devices).find(([, d]) => d['type'] === 'disk' && d['path'] === '/');
    if (root !== undefined) return root;
  }
  return null;
}

function noRootDisk(incus: IncusApi, { incusProfile }: RemoteIncusContext): JobFault {
  return diskFault(incus, `limits.disk needs a root disk in the profile "${incusProfile}", and it has none`);
}

function diskFault(incus: IncusApi, message: string): JobFault {
  return { kind: 'invalid_job', phase: PHASE, host: incus.host, message, field: 'job.limits.disk' };
}
