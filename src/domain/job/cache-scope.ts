import type { Trust } from '../values/trust.js';
import type { JobCache } from './job-caches.js';

/** Of what runs that are trusted have saved. */
const SHARED = 'trusted';

/** Where caches are looked for, in this order, and where one is saved. */
export interface CacheScopes {
  readonly reads: readonly string[];
  /** Null where the run saves none. */
  readonly writes: string | null;
}

/**
 * Runs that are trusted share theirs. One that is not finds those, and saves nothing there: its own, where `save` is `always`, go by the
 * branch that its caller names, such as the number of a pull request, and no other run finds them. What is checked out names no scope: that
 * is the run's own word.
 */
export function cacheScopes(
  trust: Trust,
  callersBranch: string | undefined,
  save: JobCache['save'],
): CacheScopes {
  if (trust === 'trusted') return { reads: [SHARED], writes: save === 'never' ? null : SHARED };
  const own = callersBranch === undefined ? null : `untrusted:${callersBranch}`;
  return { reads: own === null ? [SHARED] : [own, SHARED], writes: save === 'always' ? own : null };
}
