import { err, ok, type Result } from 'neverthrow';
import { readAsked, readQueuePlace } from '../../domain/machine/host-share.js';
import { readLease } from '../../domain/machine/lease.js';
import type { PlaceableMember } from '../../domain/machine/placement.js';
import { readTemplateMark } from '../../domain/machine/template-mark.js';
import { readPool, readPoolTemplate } from '../../domain/machine/warm-mark.js';
import type { IncusApi } from '../../ports/incus-api.js';
import type { IncusMember } from '../../ports/incus-cluster-types.js';
import type { IncusFault } from '../../ports/incus-fault.js';
import type { IncusInstance } from '../../ports/incus-types.js';
import { awakeBound } from '../../streams/awake-timer.js';

/** A member that one asks for its state may have died: then it is no place for a job. */
const STATE_MS = 10_000;

export interface LookedAtMember extends Omit<PlaceableMember, 'already'> {
  readonly url: string;
  /** Instances that are templates. */
  readonly templates: readonly string[];
  /** Machines of pools that wait, each by the instance of the template that it is a copy of; null for one that was made from an image. */
  readonly waiting: readonly (string | null)[];
  /** Machines of jobs and others with a live lease, by `machineKey`: whether each has what it asks for, or waits for it there. */
  readonly machines: ReadonlyMap<string, 'has' | 'waits'>;
}

/** Whose machine one is: of which run, and of which job (or attempt) of it. */
export function machineKey({ runId, jobId }: { readonly runId: string; readonly jobId: string }): string {
  return JSON.stringify([runId, jobId]);
}

/** For whom is looked. */
export interface LookFor {
  /** Whose pools count. */
  readonly incusProject: string;
  /** Ms since the epoch, of this machine: a lease is the host's time, which matters little for where a job is placed. */
  readonly nowMs: number;
}

/** The members of a cluster as they are now, with what the machines on each ask for. One that does not answer for itself is `Unreachable`. */
export async function lookAtMembers(
  incus: IncusApi,
  looking: LookFor,
  signal: AbortSignal,
): Promise<Result<readonly LookedAtMember[], IncusFault>> {
  const [members, instances] = await Promise.all([
    incus.clusterMembers({ signal }),
    incus.instancesOfAllProjects({ signal }),
  ]);
  if (members.isErr()) return err(members.error);
  if (instances.isErr()) return err(instances.error);
  return ok(
    await Promise.all(
      members.value.map((one) => lookAt(incus, one, { ...looking, instances: instances.value }, signal)),
    ),
  );
}

async function lookAt(
  incus: IncusApi,
  { name, url, status, architecture, groups, config }: IncusMember,
  { instances, incusProject, nowMs }: LookFor & { readonly instances: readonly IncusInstance[] },
  signal: AbortSignal,
): Promise<LookedAtMember> {
  const member = { name, url, architecture, groups, scheduler: config['scheduler.instance'] };
  const nothing = { cpu: 0, memoryBytes: 0 };
  const there = instances.filter(({ location }) => location === name);
  const own = there.filter(({ project }) => project === incusProject);
  const templates = own.flatMap((one) => (readTemplateMark(one.config) === null ? [] : [one.name]));
  const waiting = own.flatMap((one) =>
    one.status === 'Running' && readPool(one.config) !== null ? [readPoolTemplate(one.config)] : [],
  );
  const none: ReadonlyMap<string, 'has' | 'waits'> = new Map();
  const unknown = {
    ...member,
    has: nothing,
    taken: nothing,
    machines: none,
    freeMemoryBytes: 0,
    templates,
    waiting,
  };
  if (status !== 'Online') return { ...unknown, status };
  const inTime = AbortSignal.any([signal, awakeBound(STATE_MS)]);
  const [state, resources] = await Promise.all([
    incus.clusterMemberState(name, { signal: inTime }),
    incus.resources({ target: name, signal: inTime }),
  ]);
  if (state.isErr() || resources.isErr()) return { ...unknown, status: 'Unreachable' };
  const has = resources.value;
  const taken = { cpu: 0, memoryBytes: 0 };
  const machines = new Map<string, 'has' | 'waits'>();
  for (const { config: of } of there) {
    const lease = readLease(of);
    // What a dead runner asked for ends with its lease, and a machine that waits makes room for the job that takes it. One that is not started
    // counts, as it does in the host's queue: it waits for its share, or is about to have it.
    if (lease === null || lease.expiresAtMs <= nowMs || readPool(of) !== null) continue;
    machines.set(machineKey(lease), readQueuePlace(of) === null ? 'has' : 'waits');
    const asks = readAsked(of, has);
    taken.cpu += asks.cpu === 0 ? 1 : asks.cpu;
    taken.memoryBytes += asks.memoryBytes;
  }
  return { ...unknown, status, has, taken, machines, freeMemoryBytes: state.value.freeMemoryBytes };
}
