import { isKeptId, keptJobLayout, keptJobsDir } from '../../domain/records/kept-layout.js';
import {
  chooseEvictions,
  isHeld,
  type KeptEntry,
  type RetentionBounds,
} from '../../domain/target/retention.js';
import type { FileStore } from '../../ports/file-store.js';
import type { RemoteShell } from '../../ports/remote-shell.js';
import type { EvictOptions } from './evict.js';
import type { EvictionReport } from './eviction-report.js';
import { diskUsage, removeOnHost } from './host-disk.js';

/** Of all jobs that are kept, where nobody has said less. */
const MOST_BYTES = 20 * 1024 ** 3;
/** On its way in or out: see `KeepLeftJob` and `RecoverJobs`. */
const ASIDE = /^\.(?:making|leaving)-/;

export interface EvictKeptJobs extends EvictOptions {
  readonly hostFiles: FileStore;
  readonly shell: RemoteShell;
  readonly workDir: string;
  readonly retention: RetentionBounds;
  /** The host's, ms since the epoch. */
  readonly nowMs: number;
}

/** Removes what was kept of jobs for too long, or is too much. It is moved aside first, so nobody recovers a part of it. */
export async function evictKeptJobs(input: EvictKeptJobs): Promise<EvictionReport> {
  const { hostFiles: files, shell, signal, dryRun } = input;
  const all = keptJobsDir(input.workDir);
  const failed: { path: string; message: string }[] = [];
  const listed = await files.list(all, { signal });
  if (listed.isErr() && listed.error.kind !== 'not_found')
    failed.push({ path: all, message: listed.error.message });
  const names = listed.isErr() ? [] : listed.value.filter(({ type }) => type === 'directory');
  const ids = names.flatMap(({ name }) => (isKeptId(name) ? [name] : []));
  const sizes =
    ids.length === 0
      ? null
      : await diskUsage(
          shell,
          ids.map((id) => `${all}/${id}`),
          signal,
        );
  if (sizes?.isErr() === true) failed.push({ path: all, message: sizes.error.message });
  const bytesOf = (path: string) => (sizes?.isOk() === true ? (sizes.value.get(path) ?? 0) : 0);
  const entries: KeptEntry[] = [];
  for (const id of ids) {
    const path = `${all}/${id}`;
    const since = await changedAt(files, [keptJobLayout(path).jobRecord, path], signal);
    if (since !== null)
      entries.push({ kind: 'kept_job', path, bytes: bytesOf(path), lastUsedMs: since, mounted: false });
  }
  const bounds = { ...input.retention, ...input.bounds };
  const most = { ...bounds, keepBytes: Math.min(bounds.keepBytes ?? MOST_BYTES, MOST_BYTES) };
  const evicted: KeptEntry[] = [];
  for (const entry of chooseEvictions(entries, most, input.nowMs)) {
    const why = dryRun
      ? null
      : await remove(input, entry.path, `${all}/.leaving-${entry.path.slice(all.length + 1)}`);
    if (why === null) evicted.push(entry);
    else failed.push({ path: entry.path, message: why });
  }
  for (const { name } of dryRun ? [] : names.filter((one) => ASIDE.test(one.name))) {
    const since = await changedAt(files, [`${all}/${name}`], signal);
    if (since !== null && !isHeld(since, input.nowMs)) await removeOnHost(shell, `${all}/${name}`, signal);
  }
  const kept = entries.filter((entry) => !evicted.includes(entry));
  return {
    evicted,
    kept: { entries: kept.length, bytes: kept.reduce((sum, { bytes }) => sum + bytes, 0) },
    failed,
  };
}

async function remove(
  { hostFiles, shell, signal }: EvictKeptJobs,
  path: string,
  aside: string,
): Promise<string | null> {
  const moved = await hostFiles.rename(path, aside, { signal });
  // Somebody has recovered it meanwhile.
  if (moved.isErr()) return moved.error.kind === 'not_found' ? null : moved.error.message;
  const removed = await removeOnHost(shell, aside, signal);
  return removed.isErr() ? removed.error.message : null;
}

/** Of the first of these that is there. */
async function changedAt(
  files: FileStore,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<number | null> {
  for (const path of paths) {
    const stat = await files.lstat(path, { signal });
    if (stat.isOk()) return stat.value.mtimeMs;
  }
  return null;
}
