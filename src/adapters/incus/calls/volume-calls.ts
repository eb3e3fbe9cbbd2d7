import type { Result } from 'neverthrow';
import { z } from 'zod';
import type { WaitOptions } from '../../../ports/incus-api.js';
import type { OfMember } from '../../../ports/incus-cluster-types.js';
import type { IncusFault } from '../../../ports/incus-fault.js';
import type { IncusCreateVolume, IncusVolume, Tagged } from '../../../ports/incus-types.js';
import type { CallOptions } from '../../../ports/remote-shell.js';
import { volumeSchema } from '../answers/schemas.js';
import { run } from '../operations/run.js';
import { apiPath } from '../wire/api-path.js';
import type { Wire } from '../wire/wire.js';

type Answer<T> = Promise<Result<T, IncusFault>>;

export interface VolumeTarget {
  readonly project: string;
  readonly pool: string;
  /** `name`, or `name/snapshot` where a snapshot may be meant. */
  readonly name: string;
  /** Of the cluster; whoever answers when left out. */
  readonly member?: string | undefined;
}

/** Custom volumes: `/1.0/storage-pools/P/volumes/custom`. */
export class VolumeCalls {
  constructor(
    private readonly wire: Wire,
    private readonly waitTimeoutMs: number,
  ) {}

  create(
    project: string,
    volume: IncusCreateVolume,
    { target: member, ...options }: WaitOptions & OfMember = {},
  ): Answer<void> {
    const { pool, name, config, contentType = 'filesystem', copyOf } = volume;
    // A copy starts from the config that is sent, not from its source's: the caller says it again.
    const source = copyOf && {
      type: 'copy',
      name: copyOf.name,
      pool: copyOf.pool ?? pool,
      volume_only: true,
    };
    const json = { name, type: 'custom', content_type: contentType, config, ...(source ? { source } : {}) };
    return run(this.wire, {
      request: { method: 'POST', path: apiPath(custom(pool), { project, target: member }), json },
      timeoutMs: this.waitTimeoutMs,
      ...options,
      confirm: async () => (await this.get({ project, pool, name, member })).isOk(),
    });
  }

  get(target: VolumeTarget, options?: CallOptions): Answer<Tagged<IncusVolume>> {
    return this.wire.getTagged(volumeSchema, pathOf(target), options);
  }

  list(project: string, pool: string, options?: CallOptions): Answer<readonly IncusVolume[]> {
    const path = apiPath(custom(pool), { project, recursion: '1' });
    return this.wire.get(z.array(volumeSchema), path, options);
  }

  patch(
    target: VolumeTarget,
    config: Readonly<Record<string, string | null>>,
    { etag, ...options }: CallOptions & { readonly etag?: string } = {},
  ): Answer<void> {
    const headers: Record<string, string> = etag === undefined ? {} : { 'if-match': etag };
    return this.wire.done({ ...options, method: 'PATCH', path: pathOf(target), json: { config }, headers });
  }

  snapshot(target: VolumeTarget, snapshot: string, options: WaitOptions = {}): Answer<void> {
    const { project, pool, name, member } = target;
    const path = apiPath([...custom(pool), name, 'snapshots'], { project, target: member });
    return run(this.wire, {
      request: { method: 'POST', path, json: { name: snapshot } },
      timeoutMs: this.waitTimeoutMs,
      ...options,
      confirm: async () => (await this.get({ ...target, name: `${name}/${snapshot}` })).isOk(),
    });
  }

  delete(target: VolumeTarget, options: WaitOptions = {}): Answer<void> {
    return run(this.wire, {
      request: { method: 'DELETE', path: pathOf(target) },
      timeoutMs: this.waitTimeoutMs,
      ...options,
      confirm: async () => {
        const found = await this.get(target);
        return found.isErr() && found.error.kind === 'not_found';
      },
    });
  }
}

function custom(pool: string): string[] {
  return ['storage-pools', pool, 'volumes', 'custom'];
}

function pathOf({ project, pool, name, member }: VolumeTarget): string {
  const slash = name.indexOf('/');
  const parts = slash < 0 ? [name] : [name.slice(0, slash), 'snapshots', name.slice(slash + 1)];
  return apiPath([...custom(pool), ...parts], { project, target: member });
}
