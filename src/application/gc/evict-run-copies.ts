import { parseRunCopyName, runCopiesDir, runCopyLayout } from '../../domain/records/run-copy-layout.js';
import {
  chooseEvictions,
  HELD_MS,
  type KeptEntry,
  type RetentionBounds,
} from '../../domain/target/retention.js';
import type { FileStore } from '../../ports/file-store.js';
import type { RemoteShell } from '../../ports/remote-shell.js';
import type { EvictOptions } from './evict.js';
import type { EvictionReport } from './eviction-report.js';
import { diskUsage, removeOnHost } from './host-disk.js';

/** Of all runs whose runner is gone, where nobody has said less. */
const MOST_BYTES = 1024 ** 3;
const MOST_RUNS = 1000;
/** A run that was left running may be gone on with, whatever the bounds say. */
const LEAST_DAYS = 1;

export interface EvictRunCopies extends EvictOptions {
  readonly hostFiles: FileStore;
  readonly shell: RemoteShell;
  readonly workDir: string;
  readonly retention: RetentionBounds;
  /** The host's, ms since the epoch. */
  readonly nowMs: number;
}

/** Removes the records of runs that nobody went on with for too long, or that are too many. Whoever lives renews its own. */
export async function evictRunCopies(input: EvictRunCopies): Promise<EvictionReport> {
  const { hostFiles: files, shell, workDir, nowMs, signal, dryRun } = input;
  const all = runCopiesDir(workDir);
  const failed: { path: string; message: string }[] = [];
  const listed = await files.list(all, { signal });
  if (listed.isErr() && listed.error.kind !== 'not_found')
    failed.push({ path: all, message: listed.error.message });
  const names = listed
    .unwrapOr([])
    .flatMap(({ name, type }) => (type === 'directory' ? (parseRunCopyName(name) ?? []) : []));
  const layouts = names.map((name) => runCopyLayout(workDir, name));
  const paths = layouts.map(({ directory }) => directory);
  const sizes = paths.length === 0 ? null : await diskUsage(shell, paths, signal);
  if (sizes?.isErr() === true) failed.push({ path: all, message: sizes.error.message });
  const entries: KeptEntry[] = [];
  for (const { directory: path, ticket, runRecord } of layouts) {
    const lastUsedMs = await changedAt(files, [ticket, runRecord, path], signal);
    const bytes = sizes?.isOk() === true ? (sizes.value.get(path) ?? 0) : 0;
    if (lastUsedMs !== null) entries.push({ kind: 'run_records', path, bytes, lastUsedMs, mounted: false });
  }
  const bounds = { ...input.retention, ...input.bounds };
  const keepDays = Math.max(bounds.keepDays, LEAST_DAYS);
  const keepBytes = Math.min(bounds.keepBytes ?? MOST_BYTES, MOST_BYTES);
  const chosen = new Set(chooseEvictions(entries, { keepDays, keepBytes }, nowMs));
  const unheld = entries
    .filter((entry) => !chosen.has(entry) && nowMs - entry.lastUsedMs > HELD_MS)
    .sort((a, b) => a.lastUsedMs - b.lastUsedMs);
  const tooMany = Math.max(0, entries.length - chosen.size - MOST_RUNS);
  for (const entry of unheld.slice(0, tooMany)) chosen.add(entry);
  const evicted: KeptEntry[] = [];
  for (const entry of chosen) {
    // Without that file there is no copy: nobody goes on with a part of one.
    const record = `${entry.path}/run.json`;
    if (!dryRun) await files.remove(record, { signal });
    const removed = dryRun ? null : await removeOnHost(shell, entry.path, signal);
    if (removed?.isErr() === true) failed.push({ path: entry.path, message: removed.error.message });
    else evicted.push(entry);
  }
  const kept = entries.filter((entry) => !evicted.includes(entry));
  return {
    evicted,
    kept: { entries: kept.length, bytes: kept.reduce((sum, { bytes }) => sum + bytes, 0) },
    failed,
  };
}

/** The latest of those that are there. */
async function changedAt(
  files: FileStore,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<number | null> {
  const stats = await Promise.all(paths.map((path) => files.lstat(path, { signal })));
  const times = stats.flatMap((stat) => (stat.isOk() ? [stat.value.mtimeMs] : []));
  return times.length === 0 ? null : Math.max(...times);
}
