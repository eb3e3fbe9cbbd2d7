import { err, ok, type Result } from 'neverthrow';
import { readAsked } from '../../domain/machine/host-share.js';
import { readLease } from '../../domain/machine/lease.js';
import type { PlaceableMember } from '../../domain/machine/placement.js';
import type { IncusApi } from '../../ports/incus-api.js';
import type { IncusMember } from '../../ports/incus-cluster-types.js';
import type { IncusFault } from '../../ports/incus-fault.js';
import type { IncusInstance } from '../../ports/incus-types.js';
import { awakeBound } from '../../streams/awake-timer.js';

/** A member that one asks for its state may have died: then it is no place for a job. */
const STATE_MS = 10_000;

export interface LookedAtMember extends Omit<PlaceableMember, 'hasSnapshot'> {
  readonly url: string;
}

/** The members of a cluster as they are now, with what the machines on each ask for. One that does not answer for itself is `Unreachable`. */
export async function lookAtMembers(
  incus: IncusApi,
  signal: AbortSignal,
): Promise<Result<readonly LookedAtMember[], IncusFault>> {
  const [members, instances] = await Promise.all([
    incus.clusterMembers({ signal }),
    incus.instancesOfAllProjects({ signal }),
  ]);
  if (members.isErr()) return err(members.error);
  if (instances.isErr()) return err(instances.error);
  return ok(await Promise.all(members.value.map((one) => lookAt(incus, one, instances.value, signal))));
}

async function lookAt(
  incus: IncusApi,
  { name, url, status, architecture, groups, config }: IncusMember,
  instances: readonly IncusInstance[],
  signal: AbortSignal,
): Promise<LookedAtMember> {
  const member = { name, url, architecture, groups, scheduler: config['scheduler.instance'] };
  const nothing = { cpu: 0, memoryBytes: 0 };
  const unknown = { ...member, has: nothing, taken: nothing, freeMemoryBytes: 0 };
  if (status !== 'Online') return { ...unknown, status };
  const inTime = AbortSignal.any([signal, awakeBound(STATE_MS)]);
  const [state, resources] = await Promise.all([
    incus.clusterMemberState(name, { signal: inTime }),
    incus.resources({ target: name, signal: inTime }),
  ]);
  if (state.isErr() || resources.isErr()) return { ...unknown, status: 'Unreachable' };
  const has = resources.value;
  const taken = { cpu: 0, memoryBytes: 0 };
  for (const { location, config: own, status: how } of instances) {
    if (location !== name || how === 'Stopped' || readLease(own) === null) continue;
    const asks = readAsked(own, has);
    taken.cpu += asks.cpu === 0 ? 1 : asks.cpu;
    taken.memoryBytes += asks.memoryBytes;
  }
  return { ...member, status, has, taken, freeMemoryBytes: state.value.freeMemoryBytes };
}
