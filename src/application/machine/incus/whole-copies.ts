import type { IncusStoragePool } from '../../../ports/incus-types.js';

/** Drivers that share the blocks of a copy with what it is made from unless a key of the pool says `false`, by Incus's documentation of them. */
const UNLESS: Readonly<Record<string, string>> = {
  lvm: 'lvm.use_thinpool',
  zfs: 'zfs.clone_copy',
  ceph: 'ceph.rbd.clone_copy',
};

/** Why machines are made by copying all bytes in a pool; null where they share them with their image. */
export function whyWholeCopies({ driver, config }: IncusStoragePool): string | null {
  if (driver === 'dir' || driver === 'lvmcluster') return `the driver ${driver}`;
  const key = UNLESS[driver];
  if (key === undefined || config[key] !== 'false') return null;
  return `the driver ${driver} with ${key}=false`;
}
