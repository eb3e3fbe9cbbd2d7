import { type Lease, readLease } from '../../../domain/machine/lease.js';
import { readPool } from '../../../domain/machine/warm-mark.js';
import type { IncusCreateInstance, IncusDevice, IncusInstance } from '../../../ports/incus-types.js';

/** An instance that waits in a pool. */
export interface WaitingInstance {
  readonly instance: IncusInstance;
  readonly pool: string;
  readonly lease: Lease;
}

export function waitingOf(instance: IncusInstance): WaitingInstance | null {
  const pool = readPool(instance.config);
  const lease = readLease(instance.config);
  return pool === null || lease === null ? null : { instance, pool, lease };
}

/**
 * Why an instance that runs cannot become the one that is asked for; null when it can. What is decided when an instance is made cannot be
 * given to it late: what it is made from, its type, its profiles and its root disk. Mounts and limits can.
 */
export function whyNot(instance: IncusInstance, wanted: IncusCreateInstance): string | null {
  const { source } = wanted;
  if (source === 'none' || 'copyOf' in source) return 'it is a copy of a template or of another machine';
  if (instance.type !== wanted.type) return `it is a ${wanted.type}`;
  const made = instance.config['volatile.base_image'];
  if (!('fingerprint' in source) || made !== source.fingerprint) return 'it is of another image';
  if (JSON.stringify(instance.profiles) !== JSON.stringify(wanted.profiles ?? []))
    return 'it has profiles of its own';
  if (rootOf(instance.devices) !== rootOf(wanted.devices)) return 'its root disk has another size';
  return null;
}

function rootOf(devices: Readonly<Record<string, IncusDevice>>): string {
  const root = Object.entries(devices).find(([, { path }]) => path === '/');
  return root === undefined ? '' : JSON.stringify([root[0], Object.entries(root[1]).sort()]);
}
