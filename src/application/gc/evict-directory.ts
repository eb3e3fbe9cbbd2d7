import { randomBytes } from 'node:crypto';
import type { Result } from 'neverthrow';
import { isHeld } from '../../domain/target/retention.js';
import { isWithin } from '../../domain/values/path-rules.js';
import type { FileStore } from '../../ports/file-store.js';
import type { RemoteShell } from '../../ports/remote-shell.js';
import type { JobFault } from '../faults/job-fault.js';
import { readLastUsed } from '../holds/last-used.js';
import type { CacheListing } from './cache-listing.js';
import { removeOnHost } from './host-disk.js';

export interface EvictPorts {
  readonly shell: RemoteShell;
  readonly hostFiles: FileStore;
  /** Directories of the host that machines mount right now, whoever looks after them. */
  readonly mountedSources: (signal: AbortSignal) => Promise<Result<readonly string[], JobFault>>;
}

export interface EvictCall {
  readonly in: CacheListing;
  readonly hash: string;
  /** The host's time, ms since the epoch. */
  readonly now: () => number;
  readonly signal: AbortSignal;
}

export type EvictEnd =
  | { readonly kind: 'evicted' }
  /** Somebody has begun to use it since it was chosen. */
  | { readonly kind: 'in_use' }
  /** Somebody else has evicted it. */
  | { readonly kind: 'gone' }
  | { readonly kind: 'failed'; readonly message: string };

/** True when a machine mounts something of a kept directory. */
export function isMounted(
  of: Pick<CacheListing, 'path' | 'realPath'>,
  hash: string,
  sources: readonly string[],
) {
  return sources.some(
    (source) => isWithin(`${of.path}/${hash}`, source) || isWithin(`${of.realPath}/${hash}`, source),
  );
}

/**
 * Removes a kept directory that nobody uses. Renames the directory, then checks for users. A later user finds nothing and
 * recreates it; an earlier one is detected, and the rename is undone.
 */
export async function evictDirectory(ports: EvictPorts, call: EvictCall): Promise<EvictEnd> {
  const { path, folder } = call.in;
  const { signal } = call;
  const home = `${path}/${call.hash}`;
  const used = await readLastUsed(ports.hostFiles, home, { marker: folder.marker, signal });
  if (used.isErr()) return { kind: 'failed', message: used.error.message };
  if (used.value === null) return { kind: 'gone' };
  if (isHeld(used.value, call.now())) return { kind: 'in_use' };
  const aside = `.evicting-${call.hash}-${randomBytes(4).toString('hex')}`;
  const moved = await ports.hostFiles.rename(home, `${path}/${aside}`, { signal });
  if (moved.isErr())
    return moved.error.kind === 'not_found'
      ? { kind: 'gone' }
      : { kind: 'failed', message: moved.error.message };
  return resolveQuarantined(ports, call, aside);
}

/** Decides about a directory that was moved aside, by this call or by one that was killed. */
export async function resolveQuarantined(
  ports: EvictPorts,
  call: EvictCall,
  aside: string,
): Promise<EvictEnd> {
  const { path, folder } = call.in;
  const { signal } = call;
  const at = `${path}/${aside}`;
  const [used, sources] = await Promise.all([
    readLastUsed(ports.hostFiles, at, { marker: folder.marker, signal }),
    ports.mountedSources(signal),
  ]);
  const unknown = used.isErr() ? used.error.message : sources.isErr() ? sources.error.message : null;
  const mounted = sources.isErr() || isMounted(call.in, call.hash, sources.value);
  const held = used.isErr() || (used.value !== null && isHeld(used.value, call.now()));
  if (mounted || held) {
    const back = await moveBack(ports.hostFiles, at, `${path}/${call.hash}`);
    if (unknown !== null) return { kind: 'failed', message: unknown };
    // Another copy may stand in its place by now. Which of the two a machine mounts is not known, so this one waits.
    if (back || mounted) return { kind: 'in_use' };
  }
  // From here on it never comes back: nobody ever mounts a tree of which half is gone.
  const deleting = `${path}/${aside.replace(/^\.evicting-/, '.deleting-')}`;
  const committed = await ports.hostFiles.rename(at, deleting, { signal });
  if (committed.isErr())
    return committed.error.kind === 'not_found'
      ? { kind: 'gone' }
      : { kind: 'failed', message: committed.error.message };
  return deleteQuarantined(ports, deleting, signal);
}

export async function deleteQuarantined(
  { shell }: Pick<EvictPorts, 'shell'>,
  path: string,
  signal: AbortSignal,
): Promise<EvictEnd> {
  const removed = await removeOnHost(shell, path, signal);
  return removed.isOk() ? { kind: 'evicted' } : { kind: 'failed', message: removed.error.message };
}

/** Without the caller's signal: a cancel must not leave aside what is used. The file store has bounds of its own. */
async function moveBack(files: FileStore, from: string, to: string): Promise<boolean> {
  return (await files.rename(from, to)).isOk();
}
