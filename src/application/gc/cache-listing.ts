import { err, ok, type Result } from 'neverthrow';
import type { KeptKind } from '../../domain/target/retention.js';
import type { FileFault, FileStore } from '../../ports/file-store.js';
import { PREPARED_MARKER } from '../prepare/prepared-marker.js';
import { SNAPSHOT_MARKER } from '../snapshot/snapshot-marker.js';

export interface CacheFolder {
  readonly kind: Exclude<KeptKind, 'template'>;
  readonly name: string;
  /** Beside what is kept; without one a directory is none of pikaci's, and left alone. */
  readonly marker: string;
}

export const CACHE_FOLDERS: readonly CacheFolder[] = [
  { kind: 'snapshot', name: 'snapshots', marker: SNAPSHOT_MARKER },
  { kind: 'prepared_output', name: 'prepared', marker: PREPARED_MARKER },
];

/** One directory on its way out: `.evicting-` may still come back, `.deleting-` never does. */
const ASIDE = /^\.(evicting|deleting)-([0-9a-f]{64})-[0-9a-f]+$/;
const HASH = /^[0-9a-f]{64}$/;

export interface CacheListing {
  readonly folder: CacheFolder;
  /** As it is configured, and as the host resolves it: mounts name the latter. */
  readonly path: string;
  readonly realPath: string;
  readonly hashes: readonly string[];
  /** What an earlier eviction left behind. */
  readonly asides: readonly {
    readonly state: 'evicting' | 'deleting';
    readonly hash: string;
    readonly name: string;
  }[];
}

/** What there is in one of the folders; nothing when there is no such folder yet. */
export async function listCaches(
  files: FileStore,
  at: { readonly workDir: string; readonly folder: CacheFolder; readonly signal: AbortSignal },
): Promise<Result<CacheListing, FileFault>> {
  const path = `${at.workDir}/${at.folder.name}`;
  const [listed, real] = await Promise.all([
    files.list(path, { signal: at.signal }),
    files.realpath(path, { signal: at.signal }),
  ]);
  const none = { folder: at.folder, path, realPath: path, hashes: [], asides: [] };
  if (listed.isErr()) return listed.error.kind === 'not_found' ? ok(none) : err(listed.error);
  if (real.isErr()) return err(real.error);
  const names = listed.value.filter(({ type }) => type === 'directory').map(({ name }) => name);
  const asides = names.flatMap((name) => {
    const [, state, hash] = ASIDE.exec(name) ?? [];
    return hash === undefined ? [] : [{ state: state as 'evicting' | 'deleting', hash, name }];
  });
  return ok({ ...none, realPath: real.value, hashes: names.filter((name) => HASH.test(name)), asides });
}
