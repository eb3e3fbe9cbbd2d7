import { type AskedShare, type HostShare, shareOf } from './host-share.js';

/** A member of a cluster, as far as it matters for where a job runs. */
export interface PlaceableMember {
  readonly name: string;
  /** As the daemon says it. */
  readonly status: string;
  readonly architecture: string;
  readonly groups: readonly string[];
  /** Its `scheduler.instance`. */
  readonly scheduler: string | undefined;
  readonly has: HostShare;
  readonly freeMemoryBytes: number;
  /** What the machines on it ask for. */
  readonly taken: HostShare;
  /** Whether jobs of this workspace have run there, so that its snapshot is there. */
  readonly hasSnapshot: boolean;
}

/** What of the members may be used, and for what. */
export interface PlaceWanted {
  readonly asks: AskedShare;
  readonly members: readonly string[] | null;
  readonly group: string | null;
  /** What the job is bound to, with the reason; null for one that may run anywhere. */
  readonly bound: { readonly member: string; readonly reason: string } | null;
}

export interface RankedMembers {
  /** The best first, each with why. */
  readonly usable: readonly { readonly member: string; readonly reason: string }[];
  readonly excluded: readonly { readonly member: string; readonly reason: string }[];
}

/** A machine that does not say what it needs is reckoned as one core: else all of them would go to one member. */
const UNSAID_CORES = 1;

/**
 * Where a job may run. What it is bound to decides; then come members that have room for it, among these the ones that have its snapshot, and
 * then those with the most cores left.
 */
export function rankMembers(members: readonly PlaceableMember[], wanted: PlaceWanted): RankedMembers {
  const excluded: { member: string; reason: string }[] = [];
  const usable: { readonly member: PlaceableMember; readonly fits: boolean; readonly cores: number }[] = [];
  for (const member of members) {
    const why = whyNot(member, wanted);
    if (why !== null) {
      excluded.push({ member: member.name, reason: why });
      continue;
    }
    const { cpu, memoryBytes } = shareOf({ cpu: UNSAID_CORES, ...said(wanted.asks) }, member.has);
    const cores = member.has.cpu - member.taken.cpu;
    const memory = Math.min(member.has.memoryBytes - member.taken.memoryBytes, member.freeMemoryBytes);
    usable.push({ member, fits: cpu <= cores && memoryBytes <= memory, cores });
  }
  usable.sort(
    (one, other) =>
      Number(other.fits) - Number(one.fits) ||
      (one.fits ? Number(other.member.hasSnapshot) - Number(one.member.hasSnapshot) : 0) ||
      other.cores - one.cores ||
      other.member.freeMemoryBytes - one.member.freeMemoryBytes,
  );
  return {
    excluded,
    usable: usable.map(({ member, fits, cores }) => ({
      member: member.name,
      reason: wanted.bound?.reason ?? reasonOf(member, fits, cores),
    })),
  };
}

function said({ cpu, memory }: AskedShare): AskedShare {
  return { ...(cpu === undefined ? {} : { cpu }), ...(memory === undefined ? {} : { memory }) };
}

function whyNot(member: PlaceableMember, { members, group, bound }: PlaceWanted): string | null {
  const { name, status, groups, scheduler } = member;
  if (status !== 'Online') return status.toLowerCase();
  if (bound !== null) return name === bound.member ? null : `${bound.reason}`;
  if (members !== null && !members.includes(name)) return 'not one of incus.cluster.members';
  if (group !== null && !groups.includes(group)) return `not in the group ${group}`;
  if (scheduler === 'manual') return 'scheduler.instance is manual';
  if (scheduler === 'group' && group === null)
    return 'scheduler.instance is group, and incus.cluster.group is not set';
  return null;
}

function reasonOf({ has, hasSnapshot }: PlaceableMember, fits: boolean, cores: number): string {
  const left = `${Number(Math.max(0, cores).toFixed(2))} of ${has.cpu} cores are free`;
  if (!fits) return `no member has room, and of this one ${left}`;
  return hasSnapshot ? `it has the snapshot, and ${left}` : left;
}
