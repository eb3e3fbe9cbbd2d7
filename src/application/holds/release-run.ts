import { gcRootsDir, runHoldsDir } from '../../domain/machine/remote-layout.js';
import { LAST_USE } from '../../domain/target/retention.js';
import type { FileStore } from '../../ports/file-store.js';

/** Whether a hold that was last stamped at that time, in ms since the epoch on the host, is still somebody's. */
export type IsInUse = (stampedAtMs: number) => boolean;

/**
 * Removes what ended runs of this id hold on the host beside their jobs' directories, once there are none of those. A hold without a stamp is an
 * ended run's; one with a stamp is that of a run which goes on, as far as `isInUse` says so. Runs of two state roots may have one id, so each
 * has a hold of its own, and what one of them lets go of is not the other's. Idempotent.
 */
export async function releaseRun(
  files: FileStore,
  runDir: string,
  signal: AbortSignal,
  isInUse: IsInUse = () => true,
): Promise<void> {
  // Which have ended is asked first: no job of theirs begins any more.
  const ended = await endedHolds(files, runDir, signal, isInUse);
  // A job that was left running, or whose machine was kept, mounts what the roots protect, and whose it is nobody knows here.
  const emptied = await files.remove(`${runDir}/jobs`, { signal });
  if (emptied.isErr()) return;
  for (const hold of ended) {
    await files.remove(gcRootsDir(hold), { recursive: true, signal });
    await files.remove(`${hold}/${LAST_USE}`, { signal });
    await files.remove(hold, { signal });
  }
  await files.remove(runHoldsDir(runDir), { signal });
  await files.remove(runDir, { signal });
}

async function endedHolds(
  files: FileStore,
  runDir: string,
  signal: AbortSignal,
  isInUse: IsInUse,
): Promise<readonly string[]> {
  const listed = await files.list(runHoldsDir(runDir), { signal });
  const holds = listed.unwrapOr([]).map(({ name }) => `${runHoldsDir(runDir)}/${name}`);
  const ended: string[] = [];
  // The run's directory itself is the one hold of a run of before 0.2.
  for (const hold of [...holds, runDir]) {
    const stamp = await files.lstat(`${hold}/${LAST_USE}`, { signal });
    if (stamp.isOk() ? !isInUse(stamp.value.mtimeMs) : stamp.error.kind === 'not_found') ended.push(hold);
  }
  return ended;
}
