import { resolveCacheKey } from '../../domain/job/cache-key.js';
import { type CacheScopes, cacheScopes } from '../../domain/job/cache-scope.js';
import { cachesOf } from '../../domain/job/job-caches.js';
import type { JobSpec } from '../../domain/job/job-spec.js';
import { MatchTally, PatternList } from '../../domain/patterns/pattern-list.js';
import { bytesOf } from '../../domain/values/byte-size.js';
import type { Trust } from '../../domain/values/trust.js';
import type { WorkspaceSnapshot } from '../../ports/workspace-scanner.js';
import { filterInTurns } from '../../streams/filter-in-turns.js';
import { entriesHash } from '../snapshot/entries-hash.js';

/** A cache that a machine is to have, its keys filled in. */
export interface WantedCache {
  /** In the guest. */
  readonly path: string;
  readonly key: string;
  readonly restoreKeys: readonly string[];
  readonly maxBytes: number;
  readonly scopes: CacheScopes;
}

export interface CachesAsk {
  readonly job: Pick<JobSpec, 'caches' | 'cargo'>;
  readonly snapshot: Pick<WorkspaceSnapshot, 'entries' | 'contents'>;
  readonly trust: Trust;
  /** Said by the caller of the run, and not by what is checked out. */
  readonly callersBranch: string | undefined;
  readonly warn: (message: string) => void;
}

/** Fills in the keys of a job's caches. A pattern that matches no file is said, and counts as no file. */
export async function wantedCaches({
  job,
  snapshot,
  trust,
  callersBranch,
  warn,
}: CachesAsk): Promise<readonly WantedCache[]> {
  const said = new Set<string>();
  const hashes = new Map<string, string>();
  const hashOf = async (patterns: readonly string[]) => {
    const name = JSON.stringify(patterns);
    if (hashes.has(name)) return;
    const tally = new MatchTally(new PatternList(patterns));
    const wanted = await filterInTurns(snapshot.entries, (entry) => tally.matches(entry));
    for (const pattern of tally.unmatched) said.add(pattern);
    hashes.set(name, entriesHash(snapshot, wanted));
  };
  const caches = cachesOf(job);
  const texts = caches.flatMap(({ key, restoreKeys }) => [key, ...restoreKeys]);
  const asked: (readonly string[])[] = [];
  for (const text of texts)
    resolveCacheKey(text, (patterns) => {
      asked.push(patterns);
      return '';
    });
  for (const patterns of asked) await hashOf(patterns);
  for (const pattern of said)
    warn(
      `a key of a cache has the hash of ${JSON.stringify(pattern)}, which matches no file of the workspace: the key is the same whatever changes`,
    );
  const filled = (text: string) =>
    resolveCacheKey(text, (patterns) => hashes.get(JSON.stringify(patterns)) ?? '');
  return caches.map(({ path, key, restoreKeys, save, maxBytes }) => ({
    path,
    key: filled(key),
    restoreKeys: restoreKeys.map(filled),
    maxBytes: bytesOf(maxBytes),
    scopes: cacheScopes(trust, callersBranch, save),
  }));
}
