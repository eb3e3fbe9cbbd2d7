import { gcRootsDir, remoteRunDirOf, runHoldsDir } from '../../domain/machine/remote-layout.js';
import { isHeld, LAST_USE } from '../../domain/target/retention.js';
import { runIdSchema } from '../../domain/values/identifier.js';
import type { FileStore } from '../../ports/file-store.js';
import { releaseRun } from '../holds/release-run.js';

/** Releases what runs hold whose runner was killed: their roots would keep store paths for ever. What cannot be seen is left alone. */
export async function removeEmptyRuns(
  files: FileStore,
  {
    workDir,
    nowMs,
    signal,
  }: { readonly workDir: string; readonly nowMs: number; readonly signal: AbortSignal },
): Promise<void> {
  const listed = await files.list(`${workDir}/runs`, { signal });
  if (listed.isErr()) return;
  for (const { name, type } of listed.value) {
    if (type !== 'directory' || !runIdSchema.safeParse(name).success) continue;
    const runDir = remoteRunDirOf(workDir, name);
    const found = await Promise.all(
      [runHoldsDir(runDir), gcRootsDir(runDir), `${runDir}/${LAST_USE}`].map((path) =>
        files.lstat(path, { signal }),
      ),
    );
    if (found.some((stat) => stat.isOk())) await releaseRun(files, runDir, signal, (at) => isHeld(at, nowMs));
  }
}
