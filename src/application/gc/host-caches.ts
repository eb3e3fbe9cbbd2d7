import { randomUUID } from 'node:crypto';
import { err, ok, type Result } from 'neverthrow';
import { CACHE_NAMES, readCacheMark } from '../../domain/machine/cache-mark.js';
import { isHeld } from '../../domain/target/retention.js';
import type { Trust } from '../../domain/values/trust.js';
import { awakeBound } from '../../streams/awake-timer.js';
import { SAVER_MS } from '../cache/cache-bounds.js';
import { CacheStore, type KeptCache } from '../cache/cache-store.js';
import type { CacheVolume, CacheVolumeFault } from '../cache/cache-volumes.js';
import type { JobFault } from '../faults/job-fault.js';
import type { HostTime } from '../lease/host-time.js';
import type { MachineBackends } from '../machine/machine-backends.js';

const CALL_BOUND_MS = 5 * 60_000;
/** So much of an id names a cache. */
const SHORTEST_ID = /^[0-9a-f]{8,32}$/;

/** A cache on the host. Times are ISO 8601, by the host's clock. */
export interface ListedCache {
  /** 32 hex digits: what its volume or directory is called behind `pikaci-cache-`. */
  readonly id: string;
  readonly key: string;
  /** Who finds it: `trusted`, or `untrusted:` and the branch that callers name. */
  readonly scope: string;
  /** Where jobs have it, in the guest. */
  readonly path: string;
  /** What its files took when it was saved. */
  readonly bytes: number;
  readonly madeAt: string;
  readonly lastUsedAt: string;
  /** A job found or saved it in the last 30 minutes: neither `gc` nor `rm` removes it. */
  readonly inUse: boolean;
}

/** Whether a cache goes that is in use, and what ends the attempt. */
export interface RemoveCacheOptions {
  readonly signal?: AbortSignal;
  /** Also one that is in use. */
  readonly force?: boolean;
}

export interface HostCachesParts {
  readonly backends: Pick<MachineBackends, 'name' | 'cacheVolumes'>;
  readonly host: { readonly host: string };
  readonly settings: { readonly trust: Trust };
  readonly hostTime: HostTime;
}

interface Kept {
  readonly store: CacheStore;
  readonly caches: readonly KeptCache[];
}

/** The caches that are on the host, whatever configuration they were made by. */
export class HostCaches {
  readonly #parts: HostCachesParts;

  constructor(parts: HostCachesParts) {
    this.#parts = parts;
  }

  /** The one that was used last at the front. */
  async list(signal?: AbortSignal): Promise<Result<readonly ListedCache[], JobFault>> {
    const kept = await this.#kept(bounded(signal));
    return kept.map(({ caches }) => caches.map((cache) => this.#listed(cache)));
  }

  /** `which` is its key, where there is one cache of it, or the beginning of its id. */
  async remove(
    which: string,
    { signal, force = false }: RemoveCacheOptions,
  ): Promise<Result<ListedCache, JobFault>> {
    const bound = bounded(signal);
    if (this.#parts.settings.trust === 'untrusted')
      return err(this.#fault('not_trusted', 'a run that is not trusted removes no cache'));
    const kept = await this.#kept(bound);
    if (kept.isErr()) return err(kept.error);
    const meant = this.#one(kept.value.caches, which);
    if (meant.isErr()) return err(meant.error);
    const { volume, mark } = meant.value;
    const listed = this.#listed(meant.value);
    if (!force && listed.inUse) {
      const message = `the cache ${which} (${listed.id.slice(0, 12)}) is in use, or was a short time ago (${listed.lastUsedAt}); "--force" removes it all the same`;
      return err(this.#fault('cache_in_use', message));
    }
    const claim = { token: randomUUID(), untilMs: this.#parts.hostTime.now() + SAVER_MS };
    const isThatOne = ({ name, config }: CacheVolume) => {
      const found = readCacheMark(name, config);
      return found !== null && (force || found.lastUsedMs === mark.lastUsedMs);
    };
    const removed = await kept.value.store.remove(volume, isThatOne, { claim, signal: bound });
    if (removed.isErr()) return err(this.#refused(removed.error));
    if (removed.value) return ok(listed);
    return err(this.#fault('cache_in_use', `somebody has just used the cache ${which}`));
  }

  async #kept(signal: AbortSignal): Promise<Result<Kept, JobFault>> {
    const learnt = await this.#parts.hostTime.learn(signal);
    if (learnt.isErr()) return err(learnt.error);
    const volumes = await this.#parts.backends.cacheVolumes(signal);
    if (volumes.isErr()) return err(volumes.error);
    if (volumes.value === null)
      return err(this.#fault('backend_unavailable', 'the host has no place where caches lie'));
    const store = new CacheStore(volumes.value);
    const listed = await store.list(signal);
    if (listed.isErr()) return err(this.#refused(listed.error));
    const caches = [...listed.value].sort((one, other) => other.mark.lastUsedMs - one.mark.lastUsedMs);
    return ok({ store, caches });
  }

  #listed({ volume, mark, inUse }: KeptCache): ListedCache {
    const { key, scope, path, bytes, madeAtMs, lastUsedMs } = mark;
    return {
      id: idOf(volume),
      key,
      scope,
      path,
      bytes,
      madeAt: new Date(madeAtMs).toISOString(),
      lastUsedAt: new Date(lastUsedMs).toISOString(),
      inUse: inUse || isHeld(lastUsedMs, this.#parts.hostTime.now()),
    };
  }

  #one(kept: readonly KeptCache[], which: string): Result<KeptCache, JobFault> {
    const [first, ...more] = matching(kept, which);
    const { host } = this.#parts.host;
    if (first === undefined)
      return err(this.#fault('no_such_cache', `there is no cache of the key or id ${which} on ${host}`));
    if (more.length === 0) return ok(first);
    const all = [first, ...more].map(
      ({ volume, mark }) => `${idOf(volume).slice(0, 12)} (${mark.scope}, at ${mark.path})`,
    );
    const message = `there are several caches ${which}; say which id: ${all.join(', ')}`;
    return err(this.#fault('no_such_cache', message));
  }

  #refused({ message }: CacheVolumeFault): JobFault {
    return this.#fault(this.#parts.backends.name, message);
  }

  #fault(kind: JobFault['kind'], message: string): JobFault {
    return { kind, phase: null, host: this.#parts.host.host, message };
  }
}

/** A key comes before what an id may begin with. */
function matching(kept: readonly KeptCache[], which: string): readonly KeptCache[] {
  const named = kept.filter(({ mark, volume }) => mark.key === which || volume === which);
  if (named.length > 0 || !SHORTEST_ID.test(which)) return named;
  return kept.filter(({ volume }) => idOf(volume).startsWith(which));
}

function idOf(volume: string): string {
  return volume.slice(CACHE_NAMES.length);
}

function bounded(signal: AbortSignal | undefined): AbortSignal {
  const bound = awakeBound(CALL_BOUND_MS);
  return signal === undefined ? bound : AbortSignal.any([signal, bound]);
}
