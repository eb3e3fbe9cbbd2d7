import { gcRootsDir } from '../../domain/machine/remote-layout.js';
import { LAST_USE } from '../../domain/target/retention.js';
import type { FileStore } from '../../ports/file-store.js';

/** Removes what a run holds on the host beside its jobs' directories, once there are none of those. Fine to repeat. */
export async function releaseRun(files: FileStore, runDir: string, signal: AbortSignal): Promise<void> {
  // A job that was left running, or whose machine was kept, mounts what the roots protect.
  const emptied = await files.remove(`${runDir}/jobs`, { signal });
  if (emptied.isErr()) return;
  await files.remove(gcRootsDir(runDir), { recursive: true, signal });
  await files.remove(`${runDir}/${LAST_USE}`, { signal });
  await files.remove(runDir, { signal });
}

/** The same, unless the run goes on: it says so in its stamp, and releases what it holds when it ends. */
export async function releaseEndedRun(files: FileStore, runDir: string, signal: AbortSignal): Promise<void> {
  const stamp = await files.lstat(`${runDir}/${LAST_USE}`, { signal });
  if (stamp.isErr() && stamp.error.kind === 'not_found') await releaseRun(files, runDir, signal);
}
