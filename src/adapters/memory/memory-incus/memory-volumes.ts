import { err, ok, type Result } from 'neverthrow';
import type { IncusFault } from '../../../ports/incus-fault.js';
import type { IncusCreateVolume, IncusVolume, Tagged } from '../../../ports/incus-types.js';
import { etagOf } from './etag.js';
import { targeted } from './memory-cluster.js';
import { refuse } from './memory-fault.js';
import type { MemoryProject, MemoryWorld } from './memory-world.js';

const tried = 'storage-volumes';

/** Custom volumes and their snapshots. */
export class MemoryVolumes {
  constructor(private readonly world: MemoryWorld) {}

  /** In a cluster a name is taken on all members, which is not so with the real one. */
  create(project: string, volume: IncusCreateVolume, target?: string): Result<void, IncusFault> {
    const { pool, name, copyOf } = volume;
    const at = targeted(this.world.cluster, target, tried);
    if (at.isErr()) return err(at.error);
    const location = target ?? this.world.cluster?.answering ?? 'none';
    return this.#at(project, pool).andThen(({ volumes }) => {
      if (volumes.has(`${pool}/${name}`))
        return refuse('already_exists', tried, 'Volume by that name already exists');
      if (copyOf && !volumes.has(`${copyOf.pool ?? pool}/${copyOf.name}`)) {
        return refuse('not_found', tried, 'Storage volume not found');
      }
      // As in Incus, a copy has the config that was sent, and not its source's.
      const contentType = volume.contentType ?? 'filesystem';
      volumes.set(`${pool}/${name}`, { name, type: 'custom', contentType, config: volume.config, location });
      return ok(undefined);
    });
  }

  get(project: string, pool: string, name: string): Result<Tagged<IncusVolume>, IncusFault> {
    return this.#at(project, pool).andThen((at) => {
      const found = at.volumes.get(`${pool}/${name}`);
      if (!found) return refuse('not_found', tried, 'Storage volume not found');
      const value = { ...found, usedBy: usedBy(at, project, pool, name) };
      return ok({ value, etag: etagOf([value.name, value.config]) });
    });
  }

  patch(
    [project, pool, name]: readonly [project: string, pool: string, name: string],
    config: Readonly<Record<string, string | null>>,
    { etag }: { readonly etag?: string | undefined } = {},
  ): Result<void, IncusFault> {
    return this.get(project, pool, name).andThen((found) => {
      if (etag !== undefined && etag !== found.etag) return refuse('stale', tried, "ETag doesn't match");
      const { usedBy: _, ...volume } = found.value;
      const merged = Object.entries({ ...volume.config, ...config }).flatMap(([key, value]) =>
        value === null ? [] : [[key, value] as const],
      );
      return this.#at(project, pool).andThen(({ volumes }) => {
        volumes.set(`${pool}/${name}`, { ...volume, config: Object.fromEntries(merged) });
        return ok(undefined);
      });
    });
  }

  list(project: string, pool: string): Result<readonly IncusVolume[], IncusFault> {
    return this.#at(project, pool).map((at) =>
      [...at.volumes]
        .filter(([key]) => key.startsWith(`${pool}/`))
        .map(([key, volume]) => ({
          ...volume,
          usedBy: usedBy(at, project, pool, key.slice(pool.length + 1)),
        })),
    );
  }

  snapshot(project: string, pool: string, name: string, snapshot: string): Result<void, IncusFault> {
    return this.get(project, pool, name).andThen(({ value }) =>
      this.create(project, { ...value, pool, name: `${name}/${snapshot}`, contentType: 'filesystem' }),
    );
  }

  delete(project: string, pool: string, name: string): Result<void, IncusFault> {
    return this.get(project, pool, name).andThen(({ value }) => {
      if (value.usedBy.length > 0)
        return refuse('invalid_request', tried, 'The storage volume is still in use');
      return this.#at(project, pool).andThen(({ volumes }) => {
        for (const key of [...volumes.keys()]) {
          if (key === `${pool}/${name}` || key.startsWith(`${pool}/${name}/`)) volumes.delete(key);
        }
        return ok(undefined);
      });
    });
  }

  #at(project: string, pool: string): Result<MemoryProject, IncusFault> {
    if (!this.world.pools.has(pool)) return refuse('not_found', tried, 'Storage pool not found');
    return this.world.project(project, tried);
  }
}

function usedBy({ instances }: MemoryProject, project: string, pool: string, name: string): string[] {
  const uses = [...instances.values()].filter((instance) =>
    Object.values(instance.expandedDevices).some(
      (device) => device['pool'] === pool && device['source'] === name,
    ),
  );
  return uses.map((instance) => `/1.0/instances/${instance.name}?project=${project}`);
}
