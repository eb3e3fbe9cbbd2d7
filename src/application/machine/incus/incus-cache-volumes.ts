import { ok, type Result } from 'neverthrow';
import type { IncusApi } from '../../../ports/incus-api.js';
import type { IncusFault } from '../../../ports/incus-fault.js';
import type { IncusVolume } from '../../../ports/incus-types.js';
import { COPY_BOUND_MS } from '../../cache/cache-bounds.js';
import type {
  CacheVolume,
  CacheVolumeFault,
  CacheVolumes,
  NewCacheVolume,
} from '../../cache/cache-volumes.js';
import { whyWholeCopies } from './whole-copies.js';

/** Custom volumes of a storage pool; on one that copies on write a copy costs no bytes. */
export class IncusCacheVolumes implements CacheVolumes {
  readonly #incus: IncusApi;

  constructor(
    incus: IncusApi,
    readonly project: string,
    readonly pool: string,
  ) {
    this.#incus = incus;
  }

  get host(): string {
    return this.#incus.host;
  }

  async list(signal: AbortSignal) {
    const listed = await this.#incus.volumes(this.project, this.pool, { signal });
    return listed.map((volumes) => volumes.map(volumeOf)).mapErr(faultOf);
  }

  async read(name: string, signal: AbortSignal) {
    const found = await this.#incus.volume(this.project, this.pool, name, { signal });
    return found.map(({ value, etag }) => ({ volume: volumeOf(value), version: etag })).mapErr(faultOf);
  }

  async create({ name, config, copyOf, maxBytes }: NewCacheVolume, signal: AbortSignal) {
    const sized = maxBytes === undefined ? config : { ...config, size: String(maxBytes) };
    const from = copyOf === undefined ? {} : { copyOf: { name: copyOf } };
    const volume = { pool: this.pool, name, config: sized, ...from };
    const created = await this.#incus.createVolume(this.project, volume, {
      timeoutMs: COPY_BOUND_MS,
      signal,
    });
    return created.mapErr(faultOf);
  }

  async change(
    name: string,
    keys: Readonly<Record<string, string | null>>,
    { version, signal }: { readonly version: string; readonly signal: AbortSignal },
  ) {
    const changed = await this.#incus.patchVolume(this.project, this.pool, name, keys, {
      etag: version,
      signal,
    });
    return changed.map(() => undefined).mapErr(faultOf);
  }

  async sharesBlocks(signal: AbortSignal): Promise<boolean> {
    const pool = await this.#incus.storagePool(this.pool, { signal });
    return pool.isOk() && whyWholeCopies(pool.value) === null;
  }

  async remove(name: string, signal: AbortSignal): Promise<Result<void, CacheVolumeFault>> {
    const removed = await this.#incus.deleteVolume(this.project, this.pool, name, { signal });
    // The daemon's word for a volume that an instance has.
    const faultOfRemoval = (fault: IncusFault): CacheVolumeFault =>
      fault.kind === 'invalid_request' ? { kind: 'in_use', message: fault.message } : faultOf(fault);
    return removed.isOk() ? ok(undefined) : removed.mapErr(faultOfRemoval);
  }
}

function volumeOf({ name, config, usedBy }: IncusVolume): CacheVolume {
  return { name, config, isUsed: usedBy.length > 0 };
}

function faultOf({ kind, message }: IncusFault): CacheVolumeFault {
  return kind === 'already_exists' || kind === 'not_found' || kind === 'stale'
    ? { kind, message }
    : { kind: 'failed', message };
}
