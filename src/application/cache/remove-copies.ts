import { err, ok, type Result } from 'neverthrow';
import type { Acquisition } from '../../domain/machine/acquisition.js';
import { readCacheCopy } from '../../domain/machine/cache-mark.js';
import type { CacheVolumeFault, CacheVolumes } from './cache-volumes.js';

/** Removes copies that were made for a machine, and no other volume of their names. Idempotent. */
export async function removeCopies(
  volumes: CacheVolumes,
  of: { readonly acquisition: Acquisition; readonly names: readonly string[] },
  signal: AbortSignal,
): Promise<Result<void, CacheVolumeFault>> {
  for (const name of of.names) {
    const found = await volumes.read(name, signal);
    if (found.isErr() && found.error.kind === 'not_found') continue;
    if (found.isErr()) return err(found.error);
    if (readCacheCopy(found.value.volume.config)?.acquisition !== of.acquisition) continue;
    const removed = await volumes.remove(name, signal);
    if (removed.isErr() && removed.error.kind !== 'not_found') return err(removed.error);
  }
  return ok(undefined);
}
