import { type Lease, readLease } from '../../../domain/machine/lease.js';
import { readPool, readPoolTemplate } from '../../../domain/machine/warm-mark.js';
import type { IncusCreateInstance, IncusDevice, IncusInstance } from '../../../ports/incus-types.js';

/** One that has so little of its time left is replaced. */
const LEAST_LEASE_MS = 30_000;
/** What is not up by then was left by a process that was killed. */
const START_MS = 120_000;
/** Which users of the host those of an instance are; it counts when the instance starts. */
export const IDMAP = 'raw.idmap';

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
  const other = whyOther(instance, wanted.source);
  if (other !== null) return other;
  if (instance.type !== wanted.type) return `it is a ${wanted.type}`;
  if (JSON.stringify(instance.profiles) !== JSON.stringify(wanted.profiles ?? []))
    return 'it has profiles of its own';
  if ((instance.config[IDMAP] ?? '') !== (wanted.config?.[IDMAP] ?? ''))
    return 'its users are others on the host';
  if (rootOf(instance.devices) !== rootOf(wanted.devices)) return 'its root disk has another size';
  return null;
}

/** Why the next who fills its pool replaces one that waits; null when it stays. `nowMs` is the host's time. */
export function whyReplaced(
  { instance, lease }: WaitingInstance,
  wanted: IncusCreateInstance,
  nowMs: number,
): string | null {
  if (lease.expiresAtMs <= nowMs + LEAST_LEASE_MS) return 'it has waited for as long as it may';
  const isComing = Date.parse(instance.createdAt) + START_MS > nowMs;
  if (instance.status !== 'Running' && !isComing) return 'it was not started in time';
  return whyNot(instance, wanted);
}

/** A copy of a template has the image at the template's bottom, and is not made from it. */
function whyOther({ config }: IncusInstance, source: IncusCreateInstance['source']): string | null {
  const template = readPoolTemplate(config);
  if (source === 'none') return 'it is made without files';
  if ('copyOf' in source) {
    if (template === source.copyOf.instance) return null;
    return template === null
      ? 'it is a copy of a template or of another machine'
      : 'it is a copy of another template, of another key of this one, or of another machine';
  }
  if (template !== null) return 'it is of an image, and what waits are copies of a template';
  const made = config['volatile.base_image'];
  return 'fingerprint' in source && made === source.fingerprint ? null : 'it is of another image';
}

function rootOf(devices: Readonly<Record<string, IncusDevice>>): string {
  const root = Object.entries(devices).find(([, { path }]) => path === '/');
  return root === undefined ? '' : JSON.stringify([root[0], Object.entries(root[1]).sort()]);
}
