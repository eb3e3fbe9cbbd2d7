import { type Lease, newLeaseConfig } from '../../../domain/machine/lease.js';
import { POOL_KEY, POOL_TEMPLATE_KEY } from '../../../domain/machine/warm-mark.js';
import type { IncusApi } from '../../../ports/incus-api.js';
import type { IncusCreateInstance, IncusInstance } from '../../../ports/incus-types.js';
import { waitingOf, whyNot } from './waiting-instance.js';

/** So long a lease has to go on yet: nobody reaps it meanwhile. */
const LEAST_LEASE_MS = 15_000;
/** Others may take each that is tried. */
const TRIES = 8;

/** What a machine is given late: none of it stays that the pool had asked for. */
const LATE = /^(limits\.|user\.pikaci\.requests_)/;

/** The instance that was claimed, or why there was none. */
export type WaitingClaim = { readonly instance: string } | { readonly why: string };

export interface ClaimWaiting {
  readonly project: string;
  readonly wanted: IncusCreateInstance;
  readonly lease: Lease;
  /** On the host, ms since the epoch. */
  readonly nowMs: number;
}

/**
 * Claims an instance that waits, by one change that is compared with what was read: it takes the instance out of its pool, and gives it the
 * lease, the limits and the mounts. Of several who want one, one gets it. An instance that was claimed never goes back.
 */
export async function claimWaiting(
  incus: IncusApi,
  { project, wanted, lease, nowMs }: ClaimWaiting,
  signal: AbortSignal,
): Promise<WaitingClaim> {
  const listed = await incus.instances(project, { signal });
  if (listed.isErr()) return { why: `what waits could not be listed: ${listed.error.message}` };
  const waiting = listed.value.flatMap((instance) => waitingOf(instance) ?? []);
  if (waiting.length === 0) return { why: 'none waits' };
  const reasons = waiting.map(({ instance }) => whyNot(instance, wanted));
  const fitting = waiting.filter((_, index) => reasons[index] === null);
  if (fitting.length === 0) return { why: `none that waits can become the job’s: ${reasons[0]}` };
  const ready = fitting.filter(
    ({ instance, lease: own }) => instance.status === 'Running' && own.expiresAtMs > nowMs + LEAST_LEASE_MS,
  );
  let why = 'what waits is not up yet, or too old';
  for (const { instance } of ready.slice(0, TRIES)) {
    // The list has no version to compare with.
    const read = await incus.instance(project, instance.name, { signal });
    if (read.isErr()) continue;
    const { value, etag } = read.value;
    if (waitingOf(value) === null || value.status !== 'Running') {
      why = 'others took what waited';
      continue;
    }
    const claimed = await incus.patchInstance(project, instance.name, changes(value, wanted, lease), {
      etag,
      devices: lateDevices(wanted),
      signal,
    });
    if (claimed.isOk()) return { instance: instance.name };
    if (claimed.error.kind === 'stale' || claimed.error.kind === 'not_found') {
      why = 'others took what waited';
      continue;
    }
    return { why: `${instance.name} could not be given what the job asks for: ${claimed.error.message}` };
  }
  return { why };
}

function changes(
  { config }: IncusInstance,
  wanted: IncusCreateInstance,
  lease: Lease,
): Record<string, string | null> {
  const others = Object.keys(config).filter((key) => LATE.test(key) && !(key in wanted.config));
  return {
    ...Object.fromEntries(others.map((key) => [key, null])),
    ...wanted.config,
    ...newLeaseConfig(lease),
    [POOL_KEY]: null,
    [POOL_TEMPLATE_KEY]: null,
  };
}

function lateDevices({ devices }: IncusCreateInstance) {
  return Object.fromEntries(Object.entries(devices).filter(([, { path }]) => path !== '/'));
}
