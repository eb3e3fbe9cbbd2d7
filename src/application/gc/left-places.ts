import { isHeld } from '../../domain/target/retention.js';
import type { FileStore } from '../../ports/file-store.js';

/** A run's file in its group, or a word to it to end. */
const PLACE = /^[0-9a-f]{24}\..+\.(?:json|cancel)$/;

/** Removes the places of runs in groups whose runner has died, and after which no other of the group came: whoever lives renews its own. */
export async function removeLeftPlaces({
  files,
  workDir,
  nowMs,
  signal,
}: {
  readonly files: FileStore;
  readonly workDir: string;
  /** The host's time, ms since the epoch. */
  readonly nowMs: number;
  readonly signal: AbortSignal;
}): Promise<void> {
  const listed = await files.list(`${workDir}/groups`, { signal });
  for (const { name, type } of listed.unwrapOr([])) {
    if (type !== 'file' || !PLACE.test(name)) continue;
    const path = `${workDir}/groups/${name}`;
    const stat = await files.lstat(path, { signal });
    if (stat.isOk() && !isHeld(stat.value.mtimeMs, nowMs)) await files.remove(path, { signal });
  }
}
