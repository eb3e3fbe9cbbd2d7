import { err, ok, type Result } from 'neverthrow';
import type { Acquisition } from '../../domain/machine/acquisition.js';
import { CACHE_COPY_NAMES, readCacheCopy } from '../../domain/machine/cache-mark.js';
import type { IncusApi } from '../../ports/incus-api.js';
import type { IncusFault } from '../../ports/incus-fault.js';
import type { IncusDevices } from '../../ports/incus-types.js';

/** A machine's own copy of a cache. */
export interface CopyVolume {
  readonly pool: string;
  readonly volume: string;
}

/** The copies of caches that a machine with these devices has. */
export function copiesOf(devices: IncusDevices): readonly CopyVolume[] {
  return Object.values(devices).flatMap(({ type, pool, source }) =>
    type === 'disk' && pool !== undefined && source?.startsWith(CACHE_COPY_NAMES)
      ? [{ pool, volume: source }]
      : [],
  );
}

/** Removes copies that were made for a machine, and no other volume of their names. Idempotent. */
export async function removeCopies(
  incus: IncusApi,
  of: { readonly project: string; readonly acquisition: Acquisition; readonly copies: readonly CopyVolume[] },
  signal: AbortSignal,
): Promise<Result<void, IncusFault>> {
  const { project, acquisition, copies } = of;
  for (const { pool, volume } of copies) {
    const found = await incus.volume(project, pool, volume, { signal });
    if (found.isErr() && found.error.kind === 'not_found') continue;
    if (found.isErr()) return err(found.error);
    if (readCacheCopy(found.value.value.config)?.acquisition !== acquisition) continue;
    const removed = await incus.deleteVolume(project, pool, volume, { signal });
    if (removed.isErr() && removed.error.kind !== 'not_found') return err(removed.error);
  }
  return ok(undefined);
}
