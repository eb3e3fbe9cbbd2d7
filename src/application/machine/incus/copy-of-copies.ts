import { randomBytes } from 'node:crypto';
import { err, ok, type Result } from 'neverthrow';
import { CACHE_COPY_NAMES, cacheCopyConfig, readCacheCopy } from '../../../domain/machine/cache-mark.js';
import type { Lease } from '../../../domain/machine/lease.js';
import type { IncusApi } from '../../../ports/incus-api.js';
import type { IncusDevice, IncusDevices, IncusInstance } from '../../../ports/incus-types.js';
import { awakeBound } from '../../../streams/awake-timer.js';
import { CALL_BOUND_MS, COPY_LEASE_MS } from '../../cache/cache-bounds.js';
import type { CacheVolumeFault } from '../../cache/cache-volumes.js';
import { removeCopies } from '../../cache/remove-copies.js';
import type { JobFault } from '../../faults/job-fault.js';
import { IncusCacheVolumes } from './incus-cache-volumes.js';

export interface CopyOfCopies {
  readonly project: string;
  readonly original: IncusInstance;
  /** Of the machine that gets them. */
  readonly lease: Lease;
}

export interface CopiedCaches {
  readonly devices: IncusDevices;
  /** Removes them: there will be no machine that has them. */
  discard(): Promise<void>;
}

/** Copies the caches of a machine, as they are now, for another one. What a failed attempt has made is removed. */
export async function copyOfCopies(
  incus: IncusApi,
  { project, original, lease }: CopyOfCopies,
  signal: AbortSignal,
): Promise<Result<CopiedCaches, JobFault>> {
  const { acquisition, expiresAtMs } = lease;
  const devices: Record<string, IncusDevice> = {};
  const made: { readonly pool: string; readonly volume: string }[] = [];
  const discard = async (): Promise<void> => {
    for (const { pool, volume } of made) {
      const volumes = new IncusCacheVolumes(incus, project, pool);
      await removeCopies(volumes, { acquisition, names: [volume] }, awakeBound(CALL_BOUND_MS));
    }
  };
  const undo = async ({ message }: CacheVolumeFault) => {
    await discard();
    const what = `the caches of ${original.name} could not be copied: ${message}`;
    return err({ kind: 'incus' as const, phase: 'launch_guest' as const, host: incus.host, message: what });
  };
  for (const [name, device] of Object.entries(original.devices)) {
    const { pool, source } = device;
    if (pool === undefined || !source?.startsWith(CACHE_COPY_NAMES) || acquisition === null) continue;
    const volumes = new IncusCacheVolumes(incus, project, pool);
    const found = await volumes.read(source, signal);
    if (found.isErr()) return await undo(found.error);
    const { config } = found.value.volume;
    const mark = readCacheCopy(config);
    if (mark === null) continue;
    const volume = `${CACHE_COPY_NAMES}${randomBytes(12).toString('hex')}`;
    const untilMs = expiresAtMs + COPY_LEASE_MS;
    const size = Number(config['size']);
    const copied = await volumes.create(
      {
        name: volume,
        config: cacheCopyConfig({ project: mark.project, acquisition, untilMs }),
        copyOf: source,
        ...(size > 0 ? { maxBytes: size } : {}),
      },
      signal,
    );
    if (copied.isErr()) return await undo(copied.error);
    made.push({ pool, volume });
    devices[name] = { ...device, source: volume };
  }
  return ok({ devices, discard });
}
