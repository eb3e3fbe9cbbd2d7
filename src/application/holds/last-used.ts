import { err, ok, type Result } from 'neverthrow';
import { LAST_USE } from '../../domain/target/retention.js';
import type { FileFault, FileStore } from '../../ports/file-store.js';

/**
 * Says on the host that a directory which is kept there is used now. The file's own time is what counts, so it is the host's clock
 * that speaks. `gone` when the directory is not there: whoever evicts moves it aside first and looks at the stamp afterwards, so a
 * stamp that could be written keeps the directory where it is.
 */
export async function touchLastUsed(
  files: FileStore,
  directory: string,
  use: { readonly runId: string; readonly signal: AbortSignal },
): Promise<Result<'stamped' | 'gone', FileFault>> {
  const by = Buffer.from(`${JSON.stringify({ schema_version: 1, run_id: use.runId })}\n`);
  const written = await files.writeFile(`${directory}/${LAST_USE}`, by, { signal: use.signal });
  if (written.isOk()) return ok('stamped');
  return written.error.kind === 'not_found' ? ok('gone') : err(written.error);
}

/** When a directory was last used: its stamp's time, or its marker's; null when it has no marker. Ms since the epoch, on the host. */
export async function readLastUsed(
  files: FileStore,
  directory: string,
  { marker, signal }: { readonly marker: string; readonly signal: AbortSignal },
): Promise<Result<number | null, FileFault>> {
  const [made, used] = await Promise.all(
    [marker, LAST_USE].map((name) => files.lstat(`${directory}/${name}`, { signal })),
  );
  if (made === undefined || used === undefined) return ok(null);
  if (made.isErr()) return made.error.kind === 'not_found' ? ok(null) : err(made.error);
  if (used.isErr()) return used.error.kind === 'not_found' ? ok(made.value.mtimeMs) : err(used.error);
  return ok(Math.max(made.value.mtimeMs, used.value.mtimeMs));
}
