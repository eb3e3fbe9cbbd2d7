import type { TemplateMark } from '../../../domain/machine/template-mark.js';
import { readPoolTemplate } from '../../../domain/machine/warm-mark.js';
import type { WaitingInstance } from './waiting-instance.js';

/** A machine that waits. Times are ISO 8601, by the host's clock. */
export interface WaitingMachine {
  readonly name: string;
  readonly pool: string;
  readonly isUp: boolean;
  readonly createdAt: string;
  /** When it goes, if no job has taken it. */
  readonly endsAt: string;
  /** The fingerprint of the image that it is made from, or its template. */
  readonly image: string | null;
  /** The template that it is a copy of; null for a machine of an image. `name` is empty where the template is gone. */
  readonly template: { readonly name: string; readonly key: string; readonly instance: string } | null;
  /** Why the next who fills the pool replaces it; null where it stays, or is of another pool. */
  readonly replacedBecause: string | null;
}

/** The machines that wait in the project; `pool` is that of the configuration, null where it has none. */
export interface PoolStatus {
  readonly pool: string | null;
  readonly size: number;
  readonly waiting: readonly WaitingMachine[];
  /** Why no machine can be made for the pool as it is configured; null where it can, as far as is seen without making one. */
  readonly problem: string | null;
}

/** What was done to a pool. */
export interface PoolChange {
  readonly made: readonly string[];
  readonly removed: readonly string[];
  /** The project had no room for another. */
  readonly isCutShort: boolean;
  /** How many wait in the pool now, and how many are to. */
  readonly waiting: number;
  readonly size: number;
  /** Why there are no more, as the daemon says it; null where nothing was cut short. */
  readonly reason: string | null;
}

/** One that waits, as it is shown. */
export function waitingMachine(
  { instance, pool, lease }: WaitingInstance,
  templates: ReadonlyMap<string, TemplateMark>,
  replacedBecause: string | null,
): WaitingMachine {
  const template = readPoolTemplate(instance.config);
  const mark = template === null ? undefined : templates.get(template);
  return {
    name: instance.name,
    pool,
    isUp: instance.status === 'Running',
    createdAt: instance.createdAt,
    endsAt: new Date(lease.expiresAtMs).toISOString(),
    image: instance.config['volatile.base_image'] ?? null,
    template: template === null ? null : { instance: template, name: mark?.name ?? '', key: mark?.key ?? '' },
    replacedBecause,
  };
}
