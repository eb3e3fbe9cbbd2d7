import { z } from 'zod';
import {
  GUEST_CARGO_HOME_DIR,
  GUEST_TARGET_DIR,
  GUEST_WORKSPACE_DIR,
  ownerOfGuestPath,
} from '../machine/guest-paths.js';
import { byteSizeSchema } from '../values/byte-size.js';
import { isNormalisedAbsolutePath, isWithin, pathError } from '../values/path-rules.js';
import { cacheKeySchema } from './cache-key.js';

/** What one cache may have, unless it says otherwise. */
const MOST_BYTES = '10GiB';

/** A directory of the machine that is kept for later jobs under a key. */
const cacheSchema = z.strictObject({
  /** Absolute in the guest; the user of the job owns it. */
  path: z
    .string()
    .max(4096)
    .refine(isNormalisedAbsolutePath, pathError('must be an absolute, normalised path in the guest'))
    .superRefine((path, context) => {
      const message = whyNoCachePath(path);
      if (message !== null) context.addIssue({ code: 'custom', message });
    }),
  /** What it is known by, with its path. A text with expressions: `${{ hash("Cargo.lock") }}` names the content of the files of the workspace that these patterns match. */
  key: cacheKeySchema,
  /** What other keys may begin with, where there is no cache of the key: of the first that fits some, the newest. */
  restoreKeys: z.array(cacheKeySchema).max(20).default([]),
  /** `trusted`: what runs that are trusted leave is kept. `always`: that of others as well, each apart from all else. `never`: it is only read. */
  save: z.enum(['trusted', 'always', 'never']).default('trusted'),
  /** A larger one is not kept. */
  maxBytes: byteSizeSchema.default(MOST_BYTES),
});
/** A checked cache of a job, every default filled in. */
export type JobCache = z.output<typeof cacheSchema>;

export const jobCachesSchema = z.array(cacheSchema).max(16).default([]);

/** With an empty directory in their place the machine does not start. */
const SYSTEM_DIRECTORIES = ['/boot', '/etc', '/usr', '/usr/bin', '/usr/lib', '/usr/sbin'];
/** Links in most images, through which Incus mounts nothing. */
const SYSTEM_TREES = ['/bin', '/lib', '/lib32', '/lib64', '/sbin'];

function whyNoCachePath(path: string): string | null {
  if (path === '/') return 'must not be "/", which is the whole guest';
  if (path === '/home') return 'must leave a place for the home directory of the user of the job';
  if (isWithin(GUEST_WORKSPACE_DIR, path) || isWithin(path, GUEST_WORKSPACE_DIR))
    return `must not overlap the workspace, which is at ${GUEST_WORKSPACE_DIR}`;
  const owner = ownerOfGuestPath(path);
  if (owner !== undefined) return `must not overlap ${owner}, which the supervisor owns`;
  const isSystems =
    SYSTEM_DIRECTORIES.includes(path) || SYSTEM_TREES.some((directory) => isWithin(directory, path));
  return isSystems ? 'must not be where the system of the machine itself is' : null;
}

const LOCK_FILES = '${{ hash("**/Cargo.lock") }}';
/** Those of a job with `cargo: true`: what cargo has downloaded, and what it has built. */
const CARGO_CACHES: readonly JobCache[] = [
  { path: GUEST_CARGO_HOME_DIR, name: 'cargo-home' },
  { path: GUEST_TARGET_DIR, name: 'cargo-target' },
].map(({ path, name }) => ({
  path,
  key: `${name}-${LOCK_FILES}`,
  restoreKeys: [`${name}-`],
  save: 'trusted',
  maxBytes: MOST_BYTES,
}));

interface WithCaches {
  readonly cargo?: boolean | undefined;
  readonly caches: readonly JobCache[];
}

/** All that a job has: those of cargo stand first. */
export function cachesOf({ cargo, caches }: WithCaches): readonly JobCache[] {
  return cargo === true ? [...CARGO_CACHES, ...caches] : caches;
}

/** What holds across the caches of a job. */
export function checkCaches(job: WithCaches, context: z.RefinementCtx): void {
  const builtIn = job.cargo === true ? CARGO_CACHES.length : 0;
  const all = cachesOf(job);
  for (const [index, { path }] of job.caches.entries()) {
    const before = all.slice(0, builtIn + index);
    const other = before.find((cache) => isWithin(cache.path, path) || isWithin(path, cache.path));
    if (other === undefined) continue;
    const whose = CARGO_CACHES.includes(other) ? 'that "cargo" has' : 'another cache of the job';
    const message = `overlaps ${other.path}, ${whose}; caches lie apart from each other`;
    context.addIssue({ code: 'custom', path: ['caches', index, 'path'], message });
  }
}
