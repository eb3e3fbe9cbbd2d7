import { ok, type Result } from 'neverthrow';
import type { IncusMember, IncusMemberState, IncusResources } from '../../../ports/incus-cluster-types.js';
import type { IncusFault } from '../../../ports/incus-fault.js';
import type { IncusStoragePool } from '../../../ports/incus-types.js';
import { refuse } from './memory-fault.js';

/** One member of the fake's cluster, open to tests. */
export interface MemoryMember extends IncusMember {
  readonly state: IncusMemberState;
  readonly resources: IncusResources;
  /** What it says of networks and pools that are not simply there, by their names. */
  readonly statuses: Readonly<Record<string, string>>;
}

/** The cluster that a daemon in memory is in. */
export interface MemoryCluster {
  /** The member that answers. */
  readonly answering: string;
  readonly members: Map<string, MemoryMember>;
}

const GIB = 1024 ** 3;

/** A member with four cores and 8 GiB, of which nothing is used. */
export function memoryMember(name: string, parts: Partial<MemoryMember> = {}): MemoryMember {
  return {
    name,
    url: `https://${name}.example:8443`,
    status: 'Online',
    message: 'Fully operational',
    architecture: 'x86_64',
    roles: ['database'],
    groups: ['default'],
    config: {},
    state: { totalMemoryBytes: 8 * GIB, freeMemoryBytes: 8 * GIB, loadAverages: [0, 0, 0], pools: {} },
    resources: { cpu: 4, memoryBytes: 8 * GIB },
    statuses: {},
    ...parts,
  };
}

/** Null for a question about whoever answers. */
export function targeted(
  cluster: MemoryCluster | null,
  target: string | undefined,
  tried: string,
): Result<MemoryMember | null, IncusFault> {
  if (target === undefined) return ok(null);
  const found = cluster?.members.get(target);
  return found ? ok(found) : refuse('not_found', tried, 'Cluster member not found');
}

interface Clustered {
  readonly cluster: MemoryCluster | null;
  readonly pools: ReadonlyMap<string, IncusStoragePool>;
  readonly resources: IncusResources;
}

export function membersOf({ cluster }: Clustered): Result<readonly IncusMember[], IncusFault> {
  if (cluster === null) return refuse('server_error', 'GET /1.0/cluster/members', 'Server is not clustered');
  const members = [...cluster.members.values()];
  return ok(members.map(({ state: _, resources: _1, statuses: _2, ...member }) => member));
}

export function stateOfMember({ cluster }: Clustered, name: string): Result<IncusMemberState, IncusFault> {
  const tried = `GET /1.0/cluster/members/${name}/state`;
  return targeted(cluster, name, tried).andThen((member) =>
    member === null ? refuse('not_found', tried, 'Cluster member not found') : ok(member.state),
  );
}

export function poolOf(
  { cluster, pools }: Clustered,
  name: string,
  target: string | undefined,
): Result<IncusStoragePool, IncusFault> {
  const tried = `GET /1.0/storage-pools/${name}`;
  return targeted(cluster, target, tried).andThen((member) => {
    const pool = pools.get(name);
    const status = member?.statuses[name] ?? 'Created';
    return pool ? ok({ ...pool, status }) : refuse('not_found', tried, 'Storage pool not found');
  });
}

export function resourcesOf(
  { cluster, resources }: Clustered,
  target: string | undefined,
): Result<IncusResources, IncusFault> {
  return targeted(cluster, target, 'GET /1.0/resources').map((member) => member?.resources ?? resources);
}
