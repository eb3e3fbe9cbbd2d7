import { describe, expect, it } from 'vitest';
import { resolveCacheKey } from '../../../../src/domain/job/cache-key.js';
import { cacheScopes } from '../../../../src/domain/job/cache-scope.js';
import { cachesOf } from '../../../../src/domain/job/job-caches.js';
import { jobSpecSchema } from '../../../../src/domain/job/job-spec.js';
import {
  cacheVolumeName,
  completeCache,
  newCacheConfig,
  readCacheMark,
  readCacheSaver,
} from '../../../../src/domain/machine/cache-mark.js';

const job = (caches: unknown, more: object = {}) =>
  jobSpecSchema.safeParse({ id: 'j', command: 'true', caches, ...more });
const problem = (caches: unknown, more: object = {}) => {
  const { error } = job(caches, more);
  const issue = error?.issues[0];
  return issue === undefined ? null : `${issue.path.join('.')}: ${issue.message}`;
};

describe('the caches of a job', () => {
  it('are saved by trusted runs and have at most 10 GiB, unless they say otherwise', () => {
    expect(job([{ path: '/c', key: 'k' }]).data?.caches).toEqual([
      { path: '/c', key: 'k', restoreKeys: [], save: 'trusted', maxBytes: '10GiB' },
    ]);
  });

  it.each([
    ['relative', 'caches.0.path: must be an absolute, normalised path in the guest'],
    ['/a/../b', 'caches.0.path: must be an absolute, normalised path in the guest'],
    ['/', 'caches.0.path: must not be "/", which is the whole guest'],
    ['/home', 'caches.0.path: must leave a place for the home directory of the user of the job'],
    ['/workspace', 'caches.0.path: must not overlap the workspace, which is at /workspace/snapshot'],
    [
      '/workspace/snapshot/node_modules',
      'caches.0.path: must not overlap the workspace, which is at /workspace/snapshot',
    ],
    ['/artifacts/x', 'caches.0.path: must not overlap /artifacts, which the supervisor owns'],
    ['/var', 'caches.0.path: must not overlap /var/lib/pikaci, which the supervisor owns'],
    ['/usr', 'caches.0.path: must not be where the system of the machine itself is'],
    ['/bin/tool', 'caches.0.path: must not be where the system of the machine itself is'],
    ['/proc/1', 'caches.0.path: must not overlap /proc, which the supervisor owns'],
    ['/usr/share/tool', null],
    ['/run/x', 'caches.0.path: must not overlap /run, which the supervisor owns'],
  ])('may not be at %s', (path, message) => {
    expect(problem([{ path, key: 'k' }])).toBe(message);
  });

  it('lie apart from each other, and from those of cargo', () => {
    const two = [
      { path: '/c', key: 'k' },
      { path: '/c/d', key: 'l' },
    ];
    expect(problem(two)).toBe(
      'caches.1.path: overlaps /c, another cache of the job; caches lie apart from each other',
    );
    expect(problem([{ path: '/cargo-home/registry', key: 'k' }], { cargo: true })).toBe(
      'caches.0.path: overlaps /cargo-home, that "cargo" has; caches lie apart from each other',
    );
    const spec = job([{ path: '/c', key: 'k' }], { cargo: true }).data;
    expect(spec && cachesOf(spec).map(({ path }) => path)).toEqual(['/cargo-home', '/cargo-target', '/c']);
  });

  it('may have one key: their paths tell them apart, also those of cargo', () => {
    const two = [
      { path: '/c', key: 'k' },
      { path: '/d', key: 'k' },
    ];
    expect(problem(two)).toBeNull();
    const builtIn = { path: '/d', key: 'cargo-home-${{ hash("**/Cargo.lock") }}' };
    expect(problem([builtIn], { cargo: true })).toBeNull();
  });

  it.each([
    ['', 'must not be empty'],
    ['a\nb', 'must not hold control characters'],
    ['a-${{ hash("x")', 'has a "${{" without "}}"; an expression is ${{ hash("PATTERN", …) }}'],
    [
      'a-${{ env.X }}',
      'does not know the expression "env.X"; there is hash("PATTERN", …), with each pattern in double quotes',
    ],
    [
      "a-${{ hash('x') }}",
      `does not know the expression "hash('x')"; there is hash("PATTERN", …), with each pattern in double quotes`,
    ],
    [
      '${{ hash("/etc/x") }}',
      'the pattern "/etc/x" of hash() must be a pattern of paths in the workspace, without a "/" at the start',
    ],
    ['${{ hash("../x") }}', 'the pattern "../x" of hash() must not contain ".."'],
    ['x'.repeat(513), 'is 513 characters with its hashes; at most 512 are'],
  ])('have no key %j', (key, message) => {
    expect(problem([{ path: '/c', key }])).toBe(`caches.0.key: ${message}`);
    if (key !== '')
      expect(problem([{ path: '/c', key: 'k', restoreKeys: [key] }])).toBe(
        `caches.0.restoreKeys.0: ${message}`,
      );
  });

  it('have keys whose expressions are filled in', () => {
    const asked: (readonly string[])[] = [];
    const key = resolveCacheKey('a-${{ hash("Cargo.lock", "!x\\"}") }}-${{hash("b")}}', (patterns) => {
      asked.push(patterns);
      return String(asked.length);
    });
    expect(key).toBe('a-1-2');
    expect(asked).toEqual([['Cargo.lock', '!x"}'], ['b']]);
  });
});

describe('the scope of a cache', () => {
  it('is one for all runs that are trusted', () => {
    expect(cacheScopes('trusted', 'any', 'trusted')).toEqual({ reads: ['trusted'], writes: 'trusted' });
    expect(cacheScopes('trusted', undefined, 'never')).toEqual({ reads: ['trusted'], writes: null });
  });

  it('is never that of trusted runs for what a run leaves that is not, whatever its branch is called', () => {
    for (const save of ['trusted', 'always', 'never'] as const)
      for (const branch of [undefined, 'trusted', 'main', ''])
        expect(cacheScopes('untrusted', branch, save).writes).not.toBe('trusted');
    expect(cacheScopes('untrusted', 'pr-1', 'always')).toEqual({
      reads: ['untrusted:pr-1', 'trusted'],
      writes: 'untrusted:pr-1',
    });
    expect(cacheScopes('untrusted', 'pr-1', 'trusted').writes).toBeNull();
    expect(cacheScopes('untrusted', undefined, 'always')).toEqual({ reads: ['trusted'], writes: null });
  });
});

describe('the mark of a cache', () => {
  const of = { project: 'p', scope: 's', path: '/c', key: 'k' };
  const filling = newCacheConfig(of, { token: 't', untilMs: 5 });
  const complete = Object.fromEntries(
    Object.entries({ ...filling, ...completeCache(7, 9) }).flatMap(([key, value]) =>
      value === null ? [] : [[key, value]],
    ),
  );

  it('is there when it is complete, and not before', () => {
    expect(readCacheMark(cacheVolumeName(of), filling)).toBeNull();
    expect(readCacheSaver(filling)).toEqual({ token: 't', untilMs: 5, project: 'p' });
    expect(readCacheMark(cacheVolumeName(of), complete)).toEqual({
      ...of,
      madeAtMs: 7,
      lastUsedMs: 7,
      bytes: 9,
    });
    expect(readCacheSaver(complete)).toBeNull();
  });

  it('counts only on the volume whose name follows from it, and reads what is no number as long ago', () => {
    expect(readCacheMark('pikaci-cache-other', complete)).toBeNull();
    expect(readCacheMark(cacheVolumeName({ ...of, path: '/d' }), complete)).toBeNull();
    const { 'user.pikaci.cache.path': _, ...withoutPath } = complete;
    expect(readCacheMark(cacheVolumeName(of), withoutPath)).toBeNull();
    const odd = { ...complete, 'user.pikaci.cache.last_used_ms': '-1e9', 'user.pikaci.cache.bytes': 'many' };
    expect(readCacheMark(cacheVolumeName(of), odd)).toMatchObject({ lastUsedMs: 0, bytes: 0 });
  });
});
