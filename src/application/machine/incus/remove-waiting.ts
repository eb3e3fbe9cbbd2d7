import { newLeaseConfig } from '../../../domain/machine/lease.js';
import { POOL_KEY } from '../../../domain/machine/warm-mark.js';
import type { Clock } from '../../../ports/clock.js';
import type { IncusApi } from '../../../ports/incus-api.js';
import { newReaper } from '../../lease/owner.js';
import { removeInstance } from './remove-instance.js';
import { waitingOf } from './waiting-instance.js';

interface Removal {
  readonly project: string;
  /** That one; whichever waits when left out. */
  readonly name?: string;
}

/**
 * Removes an instance that waits, unless somebody claims it first: it is claimed as a job does, with a reaper's lease. What breaks off is in
 * no pool any more, and goes when that has ended. False when there was none to remove.
 */
export async function removeWaiting(
  ports: { readonly incus: IncusApi; readonly clock: Clock },
  { project, name }: Removal,
  signal: AbortSignal,
): Promise<boolean> {
  const { incus } = ports;
  const names = name === undefined ? await waitingNames(incus, project, signal) : [name];
  for (const one of names) {
    const read = await incus.instance(project, one, { signal });
    if (read.isErr()) continue;
    const { value, etag } = read.value;
    const waiting = waitingOf(value);
    if (waiting === null) continue;
    const { acquisition } = waiting.lease;
    const lease = { ...waiting.lease, owner: newReaper() };
    const config = { ...newLeaseConfig(lease), [POOL_KEY]: null };
    const claimed = await incus.patchInstance(project, one, config, { etag, signal });
    if (claimed.isErr()) continue;
    const removed = await removeInstance(ports, { project, name: one, acquisition }, signal);
    if (removed.isOk()) return true;
  }
  return false;
}

async function waitingNames(
  incus: IncusApi,
  project: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const listed = await incus.instances(project, { signal });
  return listed.unwrapOr([]).flatMap((instance) => (waitingOf(instance) === null ? [] : [instance.name]));
}
