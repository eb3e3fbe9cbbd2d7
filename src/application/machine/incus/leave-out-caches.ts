import type { JobCacheRecord } from '../../../domain/job/cache-report.js';
import type { Acquisition } from '../../../domain/machine/acquisition.js';
import { type Lease, newLeaseConfig } from '../../../domain/machine/lease.js';
import type { Clock } from '../../../ports/clock.js';
import type { IncusApi } from '../../../ports/incus-api.js';
import type { IncusCreateInstance } from '../../../ports/incus-types.js';
import { awakeBound } from '../../../streams/awake-timer.js';
import { CALL_BOUND_MS } from '../../cache/cache-bounds.js';
import { removeCopies } from '../../cache/remove-copies.js';
import type { AttachedCaches } from './attach-caches.js';
import { IncusCacheVolumes } from './incus-cache-volumes.js';
import { removeInstance } from './remove-instance.js';

/** What a link leads to is shown as far as this. */
const LONGEST_TARGET = 200;

interface Ports {
  readonly incus: IncusApi;
  readonly clock: Clock;
}

/** A machine that did not start, and whose it was to be. */
export interface UnstartedMachine {
  readonly project: string;
  readonly acquisition: Acquisition;
  readonly attached: AttachedCaches;
  readonly lease: Lease;
}

/**
 * The same machine without the caches that lie where its image lets nothing be mounted: Incus follows no link in it, mounts no directory on a
 * file, and says of either no more than that the start failed. Null where it has none of these. To be able to look, the instance is made
 * once more, is not started, and is removed again.
 */
export async function leaveOutCaches(
  ports: Ports,
  { project, acquisition, attached, lease }: UnstartedMachine,
  signal: AbortSignal,
): Promise<AttachedCaches | null> {
  const { runtime, caches: restored } = attached;
  const caches = restored?.caches ?? [];
  const mounted = caches.flatMap(({ path, volume, pool }) =>
    volume === null || pool === null ? [] : [{ path, volume, pool }],
  );
  if (mounted.length === 0) return null;
  const bare = withoutVolumes(runtime.instance, new Set(mounted.map(({ volume }) => volume)));
  const config = { ...bare.config, ...newLeaseConfig(lease) };
  const made = await ports.incus.createInstance(project, { ...bare, config, start: false }, { signal });
  if (made.isErr()) return null;
  const at = { project, name: bare.name };
  const reasons = new Map<string, string>();
  for (const { path, volume } of mounted) {
    const why = await whyNothingIsMountedAt(ports.incus, at, path, signal);
    if (why !== null) reasons.set(volume, `the cache at ${path} could not be had: ${why}`);
  }
  const bound = awakeBound(CALL_BOUND_MS);
  const removed = await removeInstance(ports, { ...at, acquisition, keepsCopies: true }, bound);
  if (reasons.size === 0 || removed.isErr()) return null;
  for (const { pool, volume } of mounted.filter((one) => reasons.has(one.volume)))
    await removeCopies(
      new IncusCacheVolumes(ports.incus, project, pool),
      { acquisition, names: [volume] },
      bound,
    );
  return {
    ...attached,
    runtime: { ...runtime, instance: withoutVolumes(runtime.instance, new Set(reasons.keys())) },
    caches: {
      caches: caches.map((cache) => (reasons.has(cache.volume ?? '') ? withoutVolume(cache) : cache)),
      warnings: [...reasons.values()],
    },
  };
}

function withoutVolumes(instance: IncusCreateInstance, volumes: ReadonlySet<string>): IncusCreateInstance {
  const devices = Object.entries(instance.devices).filter(
    ([, { type, source }]) => type !== 'disk' || source === undefined || !volumes.has(source),
  );
  return { ...instance, devices: Object.fromEntries(devices) };
}

function withoutVolume(cache: JobCacheRecord): JobCacheRecord {
  const { restored_key: _, restored_bytes: __, ...rest } = cache;
  return { ...rest, hit: 'miss', pool: null, volume: null };
}

async function whyNothingIsMountedAt(
  incus: IncusApi,
  { project, name }: { readonly project: string; readonly name: string },
  path: string,
  signal: AbortSignal,
): Promise<string | null> {
  let at = '';
  for (const part of path.slice(1).split('/')) {
    at += `/${part}`;
    const found = await incus.fileInfo(project, name, at, { signal });
    // From here on the daemon makes the directories.
    if (found.isErr()) return null;
    if (found.value.type === 'file')
      return `${at} is a file of the machine's image; give the cache another path`;
    if (found.value.type === 'directory') continue;
    const link = await incus.readFile(project, name, at, { signal });
    const target = link.isOk() ? Buffer.from(link.value.content).toString('utf8') : '';
    const leads = target === '' ? '' : ` to ${target.slice(0, LONGEST_TARGET)}`;
    return `${at} is a link of the machine's image${leads}, and nothing is mounted through a link; give the cache the path that this leads to`;
  }
  return null;
}
