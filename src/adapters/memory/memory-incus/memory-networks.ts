import { ok, type Result } from 'neverthrow';
import type { IncusFault } from '../../../ports/incus-fault.js';
import type { IncusCreateNetwork, IncusCreateNetworkAcl, IncusNetwork } from '../../../ports/incus-types.js';
import { targeted } from './memory-cluster.js';
import { refuse } from './memory-fault.js';
import type { MemoryWorld } from './memory-world.js';

/** Networks, which all projects share, and their ACLs. */
export class MemoryNetworks {
  constructor(private readonly world: MemoryWorld) {}

  get(project: string, name: string, target?: string): Result<IncusNetwork, IncusFault> {
    const tried = `GET /1.0/networks/${name}`;
    return this.world.project(project, tried).andThen(() =>
      targeted(this.world.cluster, target, tried).andThen((member) => {
        const found = this.world.networks.get(name);
        const status = member?.statuses[name] ?? found?.status ?? 'Created';
        return found
          ? ok({ ...found, status, usedBy: this.#usedBy(name) })
          : refuse('not_found', tried, 'Network not found');
      }),
    );
  }

  list(project: string): Result<readonly IncusNetwork[], IncusFault> {
    return this.world
      .project(project, 'GET /1.0/networks')
      .map(() =>
        [...this.world.networks.values()].map((one) => ({ ...one, usedBy: this.#usedBy(one.name) })),
      );
  }

  create(
    project: string,
    { name, config, description }: IncusCreateNetwork,
    target?: string,
  ): Result<void, IncusFault> {
    const tried = 'POST /1.0/networks';
    return this.world.project(project, tried).andThen((at) => {
      const listed = at.config['restricted.networks.access'];
      if (at.config['restricted'] === 'true' && listed !== undefined && !listed.split(',').includes(name))
        return refuse('permission_denied', tried, 'Network not allowed in project');
      if (name.length > 15) return refuse('invalid_request', tried, 'Network name is too long');
      const { networks, cluster } = this.world;
      const there = networks.get(name);
      const about = { name, type: 'bridge', managed: true, config };
      if (cluster === null || (there !== undefined && there.status !== 'Pending')) {
        if (there !== undefined && cluster !== null)
          return refuse('server_error', tried, 'The network is already created');
        if (there !== undefined) return refuse('already_exists', tried, 'The network already exists');
        networks.set(name, { ...about, description });
        return ok(undefined);
      }
      const told = [...(there?.told ?? [])];
      if (target === undefined) {
        const untold = [...cluster.members.keys()].filter((member) => !told.includes(member));
        if (untold.length > 0)
          return refuse('invalid_request', tried, `Network not defined on nodes: ${untold.join(', ')}`);
        networks.set(name, { ...about, description: there?.description });
        return ok(undefined);
      }
      return targeted(cluster, target, tried).andThen(() => {
        if (Object.keys(config).length > 0)
          return refuse('invalid_request', tried, 'Config key may not be used as member-specific key');
        if (told.includes(target)) return refuse('already_exists', tried, 'The network already exists');
        networks.set(name, { ...about, status: 'Pending', description, told: [...told, target] });
        return ok(undefined);
      });
    });
  }

  delete(project: string, name: string): Result<void, IncusFault> {
    const tried = `DELETE /1.0/networks/${name}`;
    return this.get(project, name).andThen(({ usedBy }) => {
      if (usedBy.length > 0) return refuse('invalid_request', tried, 'The network is currently in use');
      this.world.networks.delete(name);
      return ok(undefined);
    });
  }

  createAcl(project: string, acl: IncusCreateNetworkAcl): Result<void, IncusFault> {
    const tried = 'POST /1.0/network-acls';
    return this.world.project(project, tried).andThen(() => {
      if (this.world.networkAcls.has(acl.name))
        return refuse('already_exists', tried, 'The network ACL already exists');
      this.world.networkAcls.set(acl.name, acl);
      return ok(undefined);
    });
  }

  #usedBy(name: string): readonly string[] {
    return [...this.world.projects].flatMap(([project, { instances }]) =>
      [...instances.values()]
        .filter(({ expandedDevices }) =>
          Object.values(expandedDevices).some((device) => device['network'] === name),
        )
        .map((instance) => `/1.0/instances/${instance.name}?project=${project}`),
    );
  }
}
