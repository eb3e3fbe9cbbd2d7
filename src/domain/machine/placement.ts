import { z } from 'zod';
import { isWithin } from './host-queue.js';
import { type AskedShare, type HostShare, shareOf } from './host-share.js';

/** What a member has already of what a job needs, as far as that is known without asking it: what is not there has to be made or sent first. */
export interface AlreadyThere {
  /** The snapshot of its workspace. */
  readonly snapshot: boolean;
  /** The template that its machine is copied from. */
  readonly template: boolean;
  /** Its caches. */
  readonly cache: boolean;
  /** A machine of a pool that waits for such a job. */
  readonly warmMachine: boolean;
}

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
  readonly already: AlreadyThere;
}

/** A member that a job may run on. */
export interface PlacementCandidate {
  readonly member: string;
  /** As in `uname -m`. */
  readonly architecture: string;
  readonly groups: readonly string[];
  /** Processors and memory of the member. */
  readonly has: HostShare;
  /** What the machines of pikaci on it ask for, over all runners; one that says nothing is reckoned as one core. */
  readonly taken: HostShare;
  /** What its kernel calls available. */
  readonly freeMemoryBytes: number;
  /** Whether what the job asks for is free there. */
  readonly hasRoom: boolean;
  readonly already: AlreadyThere;
}

/** A member, and why it was chosen or cannot be. */
export interface PlacementChoice {
  readonly member: string;
  /** For people: it is kept in the job's record. One line. */
  readonly reason: string;
}

/** What of the members may be used, and for what. */
export interface PlaceWanted {
  readonly asks: AskedShare;
  readonly members: readonly string[] | null;
  readonly group: string | null;
  /** What the job is bound to, with the reason; null for one that may run anywhere. */
  readonly bound: PlacementChoice | null;
  /** What processor the job needs; null for any. */
  readonly arch: string | null;
  /** Members on which attempts at the job were lost: no place for it while there is another. */
  readonly avoid: readonly string[];
  /** It waits for what it asks for, so that a member that never has it is none for it. */
  readonly waits?: boolean;
}

export interface PlaceableMembers {
  readonly candidates: readonly PlacementCandidate[];
  readonly excluded: readonly PlacementChoice[];
}

const MIB = 1024 ** 2;
/** A machine that does not say what it needs is reckoned as one core: else all of them would go to one member. */
export const UNSAID_CORES = 1;

/** Which members a job may run on. What it is bound to decides before all else. */
export function placeableOf(members: readonly PlaceableMember[], wanted: PlaceWanted): PlaceableMembers {
  const excluded: PlacementChoice[] = [];
  const candidates: PlacementCandidate[] = [];
  for (const one of members) {
    const why = whyNot(one, wanted);
    if (why !== null) {
      excluded.push({ member: one.name, reason: why });
      continue;
    }
    const { name: member, architecture, groups, has, taken, freeMemoryBytes, already } = one;
    const { cpu, memoryBytes } = shareOf({ cpu: UNSAID_CORES, ...said(wanted.asks) }, has);
    const memory = Math.min(has.memoryBytes - taken.memoryBytes, freeMemoryBytes);
    const hasRoom = cpu <= has.cpu - taken.cpu && memoryBytes <= memory;
    candidates.push({ member, architecture, groups, has, taken, freeMemoryBytes, hasRoom, already });
  }
  const isAvoided = ({ member }: PlacementCandidate) => wanted.avoid.includes(member);
  const others = candidates.filter((one) => !isAvoided(one));
  if (others.length === 0) return { candidates, excluded };
  const reason = 'an attempt at the job was lost there';
  const avoided = candidates.filter(isAvoided).map(({ member }) => ({ member, reason }));
  return { candidates: others, excluded: [...excluded, ...avoided] };
}

/**
 * The best first: members that have room for the job, among these the ones that have most of what it needs already, by what it costs to make
 * that anew, and then those with the most cores and memory left.
 */
export function rankCandidates(candidates: readonly PlacementCandidate[]): readonly PlacementChoice[] {
  const ranked = [...candidates].sort(
    (one, other) =>
      Number(other.hasRoom) - Number(one.hasRoom) ||
      // Where none has room, the one that has the least to do for each of its cores is the one that has it first.
      (one.hasRoom
        ? worthOf(other.already) - worthOf(one.already) || coresLeft(other) - coresLeft(one)
        : coresLeft(other) / other.has.cpu - coresLeft(one) / one.has.cpu) ||
      other.freeMemoryBytes - one.freeMemoryBytes,
  );
  return ranked.map((one) => ({ member: one.member, reason: reasonOf(one) }));
}

const WORTH = [
  { part: 'template', worth: 8, text: 'the template' },
  { part: 'warmMachine', worth: 4, text: 'a machine that waits' },
  { part: 'snapshot', worth: 2, text: 'the snapshot' },
  { part: 'cache', worth: 1, text: 'the caches' },
] as const;

function worthOf(already: AlreadyThere): number {
  return WORTH.reduce((sum, { part, worth }) => sum + (already[part] ? worth : 0), 0);
}

function coresLeft({ has, taken }: PlacementCandidate): number {
  return has.cpu - taken.cpu;
}

function reasonOf(candidate: PlacementCandidate): string {
  const { has, hasRoom, already } = candidate;
  const left = `${Number(Math.max(0, coresLeft(candidate)).toFixed(2))} of ${has.cpu} cores are free`;
  if (!hasRoom) return `no member has room, and of this one ${left}`;
  const there = WORTH.flatMap(({ part, text }) => (already[part] ? [text] : []));
  return there.length === 0 ? left : `it has ${there.join(' and ')}, and ${left}`;
}

function said({ cpu, memory }: AskedShare): AskedShare {
  return { ...(cpu === undefined ? {} : { cpu }), ...(memory === undefined ? {} : { memory }) };
}

function whyNot(
  member: PlaceableMember,
  { members, group, bound, arch, ...wanted }: PlaceWanted,
): string | null {
  const { name, status, groups, scheduler, architecture } = member;
  if (status !== 'Online') return status.toLowerCase();
  if (arch !== null && arch !== architecture) return `it is ${architecture}, and the job needs ${arch}`;
  if (bound !== null) return name === bound.member ? null : `${bound.reason}`;
  if (members !== null && !members.includes(name)) return 'not one of incus.cluster.members';
  if (group !== null && !groups.includes(group)) return `not in the group ${group}`;
  if (scheduler === 'manual') return 'scheduler.instance is manual';
  if (scheduler === 'group' && group === null)
    return 'scheduler.instance is group, and incus.cluster.group is not set';
  if (wanted.waits === true && !isWithin(shareOf(wanted.asks, member.has), member.has))
    return `the job asks for more than the ${member.has.cpu} cores and ${Math.floor(member.has.memoryBytes / MIB)} MiB that it has`;
  return null;
}

const LONGEST_REASON = 500;
/** What a placement of somebody else's answers. */
const choicesSchema = z.array(
  z.object({
    member: z.string(),
    reason: z
      .string()
      .min(1, { error: 'must say why' })
      .max(LONGEST_REASON, { error: `must have at most ${LONGEST_REASON} characters` })
      .regex(/^\P{Cc}*$/u, { error: 'must be one line without control characters' }),
  }),
);

/** What is wrong with an answer; it names the entry. */
export type CheckedChoices = { readonly choices: readonly PlacementChoice[] } | { readonly problem: string };

/** An answer names members that the job may run on, each once. One that is empty is an answer. */
export function checkChoices(answer: unknown, { candidates, excluded }: PlaceableMembers): CheckedChoices {
  const parsed = choicesSchema.safeParse(answer);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const path = (issue?.path ?? []).map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`));
    return { problem: `${path.join('') || 'the answer'}: ${issue?.message ?? 'is not valid'}` };
  }
  const seen = new Set<string>();
  for (const [index, { member }] of parsed.data.entries()) {
    const at = `[${index}].member: ${JSON.stringify(member)}`;
    const why = excluded.find((one) => one.member === member)?.reason;
    if (why !== undefined) return { problem: `${at} is excluded: ${why}` };
    if (!candidates.some((one) => one.member === member)) {
      const names = candidates.map((one) => one.member).join(', ');
      return { problem: `${at} is no member that the job may run on; these are ${names}` };
    }
    if (seen.has(member)) return { problem: `${at} is named twice` };
    seen.add(member);
  }
  return { choices: parsed.data };
}
