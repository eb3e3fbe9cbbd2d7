import type { Clock } from '../../ports/clock.js';
import type { IncusApi } from '../../ports/incus-api.js';
import type { IncusMember, IncusMemberState } from '../../ports/incus-cluster-types.js';
import type { IncusProfile } from '../../ports/incus-types.js';
import { hostOfUrl } from '../cluster/host-of-url.js';
import { failed, inTime, passed, quoted, warned } from './check.js';
import type { DoctorCheck } from './doctor-report.js';
import { describeFault } from './incus-check.js';

export interface ClusterLook {
  readonly incus: IncusApi;
  readonly clock: Clock;
  readonly project: string;
  readonly profile: string;
  /** The member that answers. */
  readonly answering: string;
  /** Of each member's answers, ms: one that asks a member that has died waits for it. */
  readonly boundMs: number;
}

/** What a profile needs of a member. */
interface Needs {
  readonly networks: readonly string[];
  readonly pools: readonly string[];
}

/**
 * The members of a cluster: what each is, what it has left, and what of the profile's networks and pools it lacks. A network may be called
 * created by the cluster, and only its member says that it is not there; every machine made on that member would fail.
 */
export async function checkMembers(look: ClusterLook, signal: AbortSignal): Promise<readonly DoctorCheck[]> {
  const { incus, project, profile } = look;
  const [members, found] = await Promise.all([
    incus.clusterMembers({ signal }),
    incus.profile(project, profile, { signal }),
  ]);
  if (members.isErr()) {
    const detail = `the members of the cluster cannot be seen (${describeFault(members.error)})`;
    return [warned('member', detail, 'incus cluster list')];
  }
  const needs = found.isErr() ? { networks: [], pools: [] } : needsOf(found.value.value);
  return await Promise.all(members.value.map((member) => checkMember(look, { member, needs }, signal)));
}

async function checkMember(
  look: ClusterLook,
  { member, needs }: { readonly member: IncusMember; readonly needs: Needs },
  signal: AbortSignal,
): Promise<DoctorCheck> {
  const { name, status, message } = member;
  const what = described(member);
  if (status !== 'Online') {
    const todo =
      status === 'Evacuated' ? `incus cluster restore ${quoted(name)}` : `incus cluster show ${quoted(name)}`;
    return warned('member', `${what}; ${status.toLowerCase()}: ${message}`, todo);
  }
  const { clock, boundMs: ms } = look;
  const asked = await inTime({ clock, signal, ms }, (inner) => missingOn(look, { member, needs }, inner));
  if (typeof asked === 'string')
    return warned('member', `${what}; no answer within ${ms / 1000} s`, `incus cluster show ${quoted(name)}`);
  const { has, missing } = asked.value;
  const [first] = missing;
  if (first === undefined) return passed('member', [what, ...has].join('; '));
  const isHost = name === look.answering;
  const detail = `${[what, ...has].join('; ')}; missing: ${missing.map((one) => one.what).join(', ')}, so that no machine can be made there`;
  return (isHost ? failed : warned)('member', detail, first.remedy);
}

interface Missing {
  readonly what: string;
  readonly remedy: string;
}

async function missingOn(
  { incus, project }: ClusterLook,
  { member: { name: target }, needs }: { readonly member: IncusMember; readonly needs: Needs },
  signal: AbortSignal,
): Promise<{ readonly has: readonly string[]; readonly missing: readonly Missing[] }> {
  const missing: Missing[] = [];
  const noted = (what: string, thing: 'network' | 'storage', name: string) =>
    missing.push({ what, remedy: `incus ${thing} show ${quoted(name)} --target ${quoted(target)}` });
  const [state, resources] = await Promise.all([
    incus.clusterMemberState(target, { signal }),
    incus.resources({ target, signal }),
    ...needs.networks.map(async (name) => {
      const found = await incus.network(project, name, { target, signal });
      const why = found.isErr() ? found.error.message : found.value.status;
      if (why !== undefined && why !== 'Created') noted(`the network ${name} (${why})`, 'network', name);
    }),
    ...needs.pools.map(async (name) => {
      const found = await incus.storagePool(name, { target, signal });
      const why = found.isErr() ? found.error.message : found.value.status;
      if (why !== undefined && why !== 'Created') noted(`the storage pool ${name} (${why})`, 'storage', name);
    }),
  ] as const);
  const has = [
    ...(resources.isErr() ? [] : [`${resources.value.cpu} cores`]),
    ...(state.isErr() ? [describeFault(state.error)] : spaceOf(state.value, needs)),
    ...(needs.networks.length === 0 || missing.length > 0 ? [] : [`network ${needs.networks.join(', ')}`]),
  ];
  return { has, missing };
}

function described({ name, url, roles, groups, architecture, config }: IncusMember): string {
  const scheduled = config['scheduler.instance'];
  const limited = scheduled === undefined || scheduled === 'all' ? '' : `, scheduler.instance ${scheduled}`;
  return `${name} at ${hostOfUrl(url)}, ${architecture}, roles ${roles.join(', ') || 'none'}, groups ${groups.join(', ') || 'none'}${limited}`;
}

function spaceOf(state: IncusMemberState, { pools }: Needs): string[] {
  const gib = (bytes: number) => (bytes / 1024 ** 3).toFixed(1);
  const memory = `${gib(state.freeMemoryBytes)} of ${gib(state.totalMemoryBytes)} GiB of memory free`;
  const space = Object.entries(state.pools)
    .filter(([pool]) => pools.includes(pool))
    .map(
      ([pool, { totalBytes, usedBytes }]) =>
        `pool ${pool} ${gib(totalBytes - usedBytes)} of ${gib(totalBytes)} GiB free`,
    );
  return [memory, ...space];
}

function needsOf({ devices }: IncusProfile): Needs {
  const named = (type: string, key: string) =>
    Object.values(devices).flatMap((device) => {
      const name = device['type'] === type ? device[key] : undefined;
      return name === undefined ? [] : [name];
    });
  return { networks: named('nic', 'network'), pools: named('disk', 'pool') };
}
