import { err, ok, type Result } from 'neverthrow';
import {
  type CacheIdentity,
  type CacheMark,
  type CacheSaver,
  cacheCopyConfig,
  cacheUse,
  cacheVolumeName,
  claimCache,
  completeCache,
  newCacheConfig,
  readCacheMark,
  readCacheSaver,
} from '../../domain/machine/cache-mark.js';
import { isHeld, RENEW_USE_MS } from '../../domain/target/retention.js';
import { SAVER_MS } from './cache-bounds.js';
import type { CacheVolume, CacheVolumeFault, CacheVolumes } from './cache-volumes.js';

type Answer<T> = Promise<Result<T, CacheVolumeFault>>;

/** A complete cache, as it was read. */
export interface KeptCache {
  readonly volume: string;
  readonly mark: CacheMark;
  /** A machine has the volume itself, which no machine of pikaci's does. */
  readonly inUse: boolean;
}

/** What one wants to save, and who one is. */
export interface SaveCall extends Omit<CacheIdentity, 'project'> {
  /** The volume that is copied. */
  readonly from: string;
  readonly token: string;
  readonly nowMs: number;
  readonly signal: AbortSignal;
}

/** The caches of a project, as their volumes say. What changes one compares it with what it read: of two that change one, one learns it. */
export class CacheStore {
  readonly #volumes: CacheVolumes;

  constructor(volumes: CacheVolumes) {
    this.#volumes = volumes;
  }

  async list(signal: AbortSignal): Answer<readonly KeptCache[]> {
    const listed = await this.#volumes.list(signal);
    return listed.map((volumes) => volumes.flatMap((volume) => keptAs(volume, this.#project)));
  }

  /**
   * Says that a cache is used now, so that nobody evicts it before it is copied; false when it is not there any more, or somebody removes
   * it. One that was used a moment ago is held already.
   */
  async use({ volume, mark }: KeptCache, nowMs: number, signal: AbortSignal): Answer<boolean> {
    if (nowMs - mark.lastUsedMs < RENEW_USE_MS) return ok(true);
    const found = await this.#read(volume, signal);
    if (found.isErr()) return found.error.kind === 'not_found' ? ok(false) : err(found.error);
    const { volume: read, version } = found.value;
    const [kept] = keptAs(read, this.#project);
    if (kept === undefined) return ok(false);
    const used = await this.#volumes.change(volume, cacheUse(nowMs), { version, signal });
    if (used.isOk()) return ok(true);
    // Whoever changed it in this moment used it as well, or removes it.
    if (used.error.kind === 'stale') return ok(await this.#isKept(volume, nowMs, signal));
    return used.error.kind === 'not_found' ? ok(false) : err(used.error);
  }

  /** Whether nobody has saved this one, or does so now: only then is there anything to do. */
  async isFree(cache: Omit<CacheIdentity, 'project'>, nowMs: number, signal: AbortSignal): Answer<boolean> {
    const found = await this.#read(cacheVolumeName({ ...cache, project: this.#project }), signal);
    if (found.isErr()) return found.error.kind === 'not_found' ? ok(true) : err(found.error);
    const saver = readCacheSaver(found.value.volume.config);
    return ok(saver !== null && saver.untilMs <= nowMs);
  }

  /** A volume for one machine, with what the cache has, or empty. */
  copy(
    name: string,
    of: KeptCache | null,
    ask: {
      readonly acquisition: string;
      readonly maxBytes: number | null;
      readonly untilMs: number;
      readonly signal: AbortSignal;
    },
  ): Answer<void> {
    const { acquisition, maxBytes, untilMs, signal } = ask;
    const config = cacheCopyConfig({ project: this.#project, acquisition, untilMs });
    const copyOf = of === null ? {} : { copyOf: of.volume };
    const bound = maxBytes === null ? {} : { maxBytes };
    return this.#volumes.create({ name, config, ...copyOf, ...bound }, signal);
  }

  /** Makes a cache of what a machine's volume has now. */
  async save(call: SaveCall & { readonly bytes: number }): Answer<'saved' | 'overtaken'> {
    const begun = await this.begin(call);
    if (begun.isErr()) return err(begun.error);
    return begun.value === 'overtaken' ? ok('overtaken') : await this.complete(call, call.bytes);
  }

  /**
   * Copies what a machine's volume has now, for a cache that nobody finds before it is complete. `overtaken`: there is one of this key, or
   * somebody makes one. What breaks off is without a mark, and somebody else's when its saver's time has ended.
   */
  async begin(call: SaveCall): Answer<'begun' | 'overtaken'> {
    const { scope, path, key, from, token, nowMs, signal } = call;
    const identity = { project: this.#project, scope, path, key };
    const volume = cacheVolumeName(identity);
    const config = newCacheConfig(identity, { token, untilMs: nowMs + SAVER_MS });
    const create = () => this.#volumes.create({ name: volume, config, copyOf: from }, signal);
    let created = await create();
    if (created.isErr() && created.error.kind === 'already_exists') {
      const freed = await this.#removeAbandoned(volume, { token, untilMs: nowMs + SAVER_MS }, nowMs, signal);
      if (freed.isErr()) return err(freed.error);
      if (!freed.value) return ok('overtaken');
      created = await create();
    }
    if (created.isErr())
      return created.error.kind === 'already_exists' ? ok('overtaken') : err(created.error);
    return ok('begun');
  }

  /** Removes what was begun, and is to be no cache. What fails is left to a reaper. */
  async abandon({ scope, path, key, token, nowMs, signal }: SaveCall): Promise<void> {
    const volume = cacheVolumeName({ project: this.#project, scope, path, key });
    const isOwn = ({ config }: CacheVolume) => readCacheSaver(config)?.token === token;
    await this.remove(volume, isOwn, { claim: { token, untilMs: nowMs + SAVER_MS }, signal });
  }

  /** Lets others find what was begun. */
  async complete(call: SaveCall, bytes: number): Answer<'saved' | 'overtaken'> {
    const { scope, path, key, token, nowMs, signal } = call;
    const volume = cacheVolumeName({ project: this.#project, scope, path, key });
    const made = await this.#read(volume, signal);
    if (made.isErr()) return made.error.kind === 'not_found' ? ok('overtaken') : err(made.error);
    const { volume: read, version } = made.value;
    if (readCacheSaver(read.config)?.token !== token) return ok('overtaken');
    const marked = await this.#volumes.change(volume, completeCache(nowMs, bytes), { version, signal });
    if (marked.isOk()) return ok('saved');
    const { kind } = marked.error;
    return kind === 'stale' || kind === 'not_found' ? ok('overtaken') : err(marked.error);
  }

  /** Whether the name is free now: what somebody was filling whose time has ended is removed. */
  async #removeAbandoned(
    volume: string,
    claim: CacheSaver,
    nowMs: number,
    signal: AbortSignal,
  ): Answer<boolean> {
    const found = await this.#read(volume, signal);
    if (found.isErr()) return found.error.kind === 'not_found' ? ok(true) : err(found.error);
    const { volume: read, version } = found.value;
    const saver = readCacheSaver(read.config);
    if (saver === null || saver.untilMs > nowMs) return ok(false);
    return await this.#claimAndRemove(volume, { claim, version, signal });
  }

  /** Removes a cache, or what was to become one, unless somebody has changed it since it was looked at. */
  async remove(
    volume: string,
    isToGo: (volume: CacheVolume) => boolean,
    call: { readonly claim: CacheSaver; readonly signal: AbortSignal },
  ): Answer<boolean> {
    const found = await this.#read(volume, call.signal);
    if (found.isErr()) return found.error.kind === 'not_found' ? ok(true) : err(found.error);
    const { volume: read, version } = found.value;
    if (!isToGo(read)) return ok(false);
    return await this.#claimAndRemove(volume, { ...call, version });
  }

  async #claimAndRemove(
    volume: string,
    {
      claim,
      version,
      signal,
    }: { readonly claim: CacheSaver; readonly version: string; readonly signal: AbortSignal },
  ): Answer<boolean> {
    const claimed = await this.#volumes.change(volume, claimCache(claim), { version, signal });
    if (claimed.isErr()) {
      const { kind } = claimed.error;
      if (kind === 'not_found') return ok(true);
      return kind === 'stale' ? ok(false) : err(claimed.error);
    }
    const deleted = await this.#volumes.remove(volume, signal);
    if (deleted.isOk() || deleted.error.kind === 'not_found') return ok(true);
    return err(deleted.error);
  }

  async #isKept(volume: string, nowMs: number, signal: AbortSignal): Promise<boolean> {
    const again = await this.#read(volume, signal);
    if (again.isErr()) return false;
    const [kept] = keptAs(again.value.volume, this.#project);
    return kept !== undefined && isHeld(kept.mark.lastUsedMs, nowMs);
  }

  #read(volume: string, signal: AbortSignal) {
    return this.#volumes.read(volume, signal);
  }

  get #project(): string {
    return this.#volumes.project;
  }
}

function keptAs({ name, config, isUsed }: CacheVolume, project: string): KeptCache[] {
  const mark = readCacheMark(name, config);
  return mark === null || mark.project !== project ? [] : [{ volume: name, mark, inUse: isUsed }];
}
