import { posix } from 'node:path';
import type { MachineLimits } from '../../../domain/machine/machine-limits.js';
import { isWithin } from '../../../domain/values/path-rules.js';
import type { FileStore } from '../../../ports/file-store.js';
import type { IncusApi } from '../../../ports/incus-api.js';
import type { IncusDevice, IncusInstanceType, IncusStoragePool } from '../../../ports/incus-types.js';

const MOUNTS = '/proc/self/mountinfo';

/** What a root disk with a size of its own is to be kept on. */
interface DiskPlace {
  readonly incus: IncusApi;
  readonly hostFiles: FileStore;
  readonly type: IncusInstanceType;
  readonly signal: AbortSignal;
}

/**
 * Why a pool would not keep a machine to its `limits.disk`; null when it does, or is not there, which creating the machine says. Of Incus's
 * drivers only `dir` takes a size and forgets it, with a line in the daemon's log: a directory is bounded by a project quota of the file
 * system (internal/server/storage/drivers/driver_dir_utils.go, setQuota). A virtual machine's disk is a file of that size there, and LVM,
 * thin or not, makes a volume of that size.
 */
export async function whyDiskIsNotKept(
  { incus, hostFiles, type, signal }: DiskPlace,
  { disk }: MachineLimits,
  root: IncusDevice,
): Promise<string | null> {
  if (disk === undefined || type !== 'container') return null;
  const pool = await incus.storagePool(root['pool'] ?? '', { signal });
  if (pool.isErr() || pool.value.driver !== 'dir') return null;
  const why = await whyDirForgets(hostFiles, pool.value, signal);
  if (why === null) return null;
  return `limits.disk is ${disk}, and ${why}, so nothing would bound the machine: let the profile's root disk be in a pool of another driver (btrfs, zfs, lvm), or leave limits.disk out, also in "incus.limits"`;
}

/** Null where the file system below a `dir` pool has project quotas. */
export async function whyDirForgets(
  hostFiles: FileStore,
  { name, config }: IncusStoragePool,
  signal: AbortSignal,
): Promise<string | null> {
  const source = config['source'] || `/var/lib/incus/storage-pools/${name}`;
  const read = await hostFiles.readFile(MOUNTS, { signal });
  if (read.isErr())
    return `the pool ${name} has the driver dir, and whether its file system has project quotas cannot be read from ${MOUNTS} (${read.error.message})`;
  return hasProjectQuota(Buffer.from(read.value).toString('utf8'), posix.normalize(source))
    ? null
    : `the pool ${name} has the driver dir on a file system without project quotas (ext4 or XFS mounted with prjquota)`;
}

/** Of the mount that a path is on. Format: proc(5), /proc/pid/mountinfo; a blank in a path is `\040`. */
function hasProjectQuota(mounts: string, path: string): boolean {
  let best = { point: '', options: '' };
  for (const line of mounts.split('\n')) {
    const [before = '', after = ''] = line.split(' - ');
    const point = before.split(' ')[4]?.replaceAll('\\040', ' ') ?? '';
    const isNearer = point.startsWith('/') && isWithin(point, path) && point.length >= best.point.length;
    if (isNearer) best = { point, options: after.split(' ').at(-1) ?? '' };
  }
  return best.options.split(',').some((option) => option === 'prjquota' || option === 'pquota');
}
