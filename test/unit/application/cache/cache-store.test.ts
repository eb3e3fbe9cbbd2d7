import { ok } from 'neverthrow';
import { beforeEach, describe, expect, it } from 'vitest';
import { MemoryClock } from '../../../../src/adapters/memory/memory-clock.js';
import { MemoryIncus } from '../../../../src/adapters/memory/memory-incus/memory-incus.js';
import { CacheStore } from '../../../../src/application/cache/cache-store.js';
import { restoreCaches } from '../../../../src/application/cache/restore-caches.js';
import { EvictCaches } from '../../../../src/application/gc/evict-caches.js';
import { HostCaches } from '../../../../src/application/gc/host-caches.js';
import { HostTime } from '../../../../src/application/lease/host-time.js';
import { IncusCacheVolumes } from '../../../../src/application/machine/incus/incus-cache-volumes.js';
import {
  cacheCopyConfig,
  cacheUse,
  cacheVolumeName,
  newCacheConfig,
} from '../../../../src/domain/machine/cache-mark.js';
import { must, mustFail } from '../../../../src/testing/contract/expect-result.js';
import { cacheVolumesContract } from '../../../support/cache-volumes-contract.js';

const OF = { scope: 'trusted', path: '/c' };
const HOUR = 3600_000;
const NOW = 1_000 * 24 * HOUR;
const signal = new AbortController().signal;

cacheVolumesContract('volumes of Incus', () => ({
  volumes,
  use: async (name) => {
    const devices = { c: { type: 'disk', pool: 'default', source: name, path: '/c' } };
    const instance = { name: 'user', type: 'container', ephemeral: false, start: false } as const;
    must(await incus.createInstance('default', { ...instance, source: 'none', config: {}, devices }));
    return async () => void must(await incus.deleteInstance('default', 'user'));
  },
}));

let incus: MemoryIncus;
let volumes: IncusCacheVolumes;
let store: CacheStore;
beforeEach(async () => {
  incus = new MemoryIncus();
  incus.world.addProfile('default', 'with-root', { root: { type: 'disk', path: '/', pool: 'default' } });
  volumes = new IncusCacheVolumes(incus, 'default', 'default');
  store = new CacheStore(volumes);
  must(await incus.createVolume('default', { pool: 'default', name: 'work', config: {} }));
});

const save = (key: string, more: Partial<Parameters<CacheStore['save']>[0]> = {}) =>
  store.save({ ...OF, key, from: 'work', bytes: 10, token: key, nowMs: NOW, signal, ...more });
const restore = (
  key: string,
  restoreKeys: readonly string[] = [],
  reads: readonly string[] = ['trusted'],
  path = '/c',
) =>
  restoreCaches(new MemoryClock(), {
    volumes,
    wanted: [{ path, key, restoreKeys, maxBytes: 5, scopes: { reads, writes: null } }],
    acquisition: 'a',
    isBounded: false,
    nowMs: NOW,
    launchWaitMs: 0,
    signal,
  }).then(({ caches, warnings }) => ({ ...caches[0], warnings }));
const names = async () => must(await incus.volumes('default', 'default')).map(({ name }) => name);
/** What a saver leaves that is killed before its last call. */
const halfMade = (key: string, untilMs: number) => {
  const of = { ...OF, project: 'default', key };
  const config = newCacheConfig(of, { token: 'dead', untilMs });
  return incus
    .createVolume('default', { pool: 'default', name: cacheVolumeName(of), config })
    .then(() => cacheVolumeName(of));
};

describe('saving a cache', () => {
  it('makes one of a key, and the second comes too late', async () => {
    expect(must(await save('k'))).toBe('saved');
    expect(must(await save('k', { token: 'other' }))).toBe('overtaken');
    expect(
      must(
        await Promise.all([save('x', { token: '1' }), save('x', { token: '2' })]).then(([one, two]) =>
          one.andThen((a) => two.map((b) => [a, b].sort())),
        ),
      ),
    ).toEqual(['overtaken', 'saved']);
  });

  it('leaves alone what another fills, and takes the place of one that was killed', async () => {
    await halfMade('k', NOW + 1);
    expect(must(await store.isFree({ ...OF, key: 'k' }, NOW, signal))).toBe(false);
    expect(must(await save('k'))).toBe('overtaken');
    expect(await restore('k')).toMatchObject({ hit: 'miss' });
    expect(must(await save('k', { nowMs: NOW + 2 }))).toBe('saved');
    expect(await restore('k')).toMatchObject({ hit: 'exact' });
  });

  it('is overtaken when somebody has claimed the volume before it was marked', async () => {
    const volume = cacheVolumeName({ ...OF, project: 'default', key: 'k' });
    const real = incus.volume.bind(incus);
    Object.assign(incus, {
      volume: async (...args: Parameters<typeof real>) => {
        await incus.patchVolume('default', 'default', volume, { 'user.pikaci.cache.saver': 'a reaper' });
        return await real(...args);
      },
    });
    expect(must(await save('k'))).toBe('overtaken');
    expect(must(await store.list(signal))).toEqual([]);
  });
});

describe('restoring a cache', () => {
  it('takes the one of the key, else the newest that the first restore key names, else nothing', async () => {
    must(await save('a-1', { nowMs: NOW - 3 }));
    must(await save('a-3', { nowMs: NOW - 1 }));
    must(await save('a-2', { nowMs: NOW - 2 }));
    must(await save('b-9'));
    expect(await restore('a-1', ['a-'])).toMatchObject({
      hit: 'exact',
      restored_key: 'a-1',
      restored_bytes: 10,
    });
    expect(await restore('a-9', ['none-', 'a-', 'b-'])).toMatchObject({
      hit: 'partial',
      restored_key: 'a-3',
    });
    expect(await restore('c', ['d'])).toMatchObject({ hit: 'miss', pool: 'default', warnings: [] });
    expect((await names()).filter((name) => name.startsWith('pikaci-cachecopy-'))).toHaveLength(3);
  });

  it('finds nothing of another scope or project', async () => {
    must(await save('k', { scope: 'untrusted:pr-1' }));
    expect(await restore('k')).toMatchObject({ hit: 'miss' });
    expect(await restore('k', [], ['untrusted:pr-2', 'trusted'])).toMatchObject({ hit: 'miss' });
    expect(await restore('k', [], ['untrusted:pr-1', 'trusted'])).toMatchObject({ hit: 'exact' });
  });

  it('finds nothing that was kept of another path, whatever its key', async () => {
    must(await save('k', { path: '/a' }));
    expect(await restore('k', ['k'])).toMatchObject({ path: '/c', hit: 'miss' });
    expect(must(await store.isFree({ ...OF, key: 'k' }, NOW, signal))).toBe(true);
    expect(must(await save('k'))).toBe('saved');
    expect(await restore('k', [], ['trusted'], '/a')).toMatchObject({ path: '/a', hit: 'exact' });
    expect(must(await store.list(signal)).map(({ mark }) => mark.path)).toEqual(['/a', '/c']);
  });

  it('begins empty where the host refuses, and says so', async () => {
    must(await save('k'));
    const refuse = incus.createVolume.bind(incus);
    Object.assign(incus, {
      createVolume: () => refuse('no-such-project', { pool: 'default', name: 'x', config: {} }),
    });
    const { hit, volume, warnings } = await restore('k');
    expect([hit, volume, warnings.length]).toEqual(['miss', null, 1]);
  });
});

describe('a sweep of caches', () => {
  const sweep = (bounds: object = {}, nowMs = NOW) =>
    new EvictCaches(
      { cacheVolumes: async () => ok(volumes) },
      { retention: { keepDays: 7, keepBytes: null } },
      { now: () => nowMs },
    ).evict({ dryRun: false, bounds, signal });

  it('removes what killed runners have left, and nothing that may still be somebody’s', async () => {
    const dead = await halfMade('dead', NOW - 1);
    const filling = await halfMade('filling', NOW + 1);
    const copy = (name: string, untilMs: number) =>
      incus.createVolume('default', {
        pool: 'default',
        name,
        config: cacheCopyConfig({ project: 'default', acquisition: 'a', untilMs }),
      });
    must(await copy('pikaci-cachecopy-dead', NOW - 1));
    must(await copy('pikaci-cachecopy-new', NOW + 1));
    must(await copy('somebodys', NOW - 1));
    const devices = { c: { type: 'disk', pool: 'default', source: 'pikaci-cachecopy-used', path: '/c' } };
    must(await copy('pikaci-cachecopy-used', NOW - 1));
    must(
      await incus.createInstance('default', {
        name: 'i',
        type: 'container',
        ephemeral: false,
        start: false,
        source: 'none',
        config: {},
        devices,
      }),
    );
    expect((await sweep()).abandoned).toEqual([dead, 'pikaci-cachecopy-dead']);
    expect(await names()).toEqual([
      'work',
      filling,
      'pikaci-cachecopy-new',
      'somebodys',
      'pikaci-cachecopy-used',
    ]);
  });

  it('goes by days and bytes, the longest unused first, and keeps what was used a short time ago', async () => {
    must(await save('old', { nowMs: NOW - 8 * 24 * HOUR }));
    must(await save('older', { nowMs: NOW - 3 * HOUR }));
    must(await save('newer', { nowMs: NOW - 2 * HOUR }));
    must(await save('used', { nowMs: NOW - 60_000 }));
    const { report } = await sweep({ keepBytes: 20 });
    expect(report.evicted.map(({ lastUsedMs }) => NOW - lastUsedMs)).toEqual([8 * 24 * HOUR, 3 * HOUR]);
    expect(report.kept).toEqual({ entries: 2, bytes: 20 });
    expect(must(await store.list(signal)).map(({ mark }) => mark.key)).toEqual(['newer', 'used']);
    must(await restore('newer').then(() => store.list(signal)));
    expect((await sweep({ keepDays: 0, keepBytes: 0 })).report.evicted).toEqual([]);
  });
});

describe('the caches of a host', () => {
  const hostOf = (trust: 'trusted' | 'untrusted' = 'trusted', nowMs = NOW) =>
    new HostCaches({
      backends: { name: 'incus', cacheVolumes: async () => ok(volumes) },
      host: incus,
      settings: { trust },
      hostTime: new HostTime(async () => ok(nowMs), new MemoryClock()),
    });
  const LATER = NOW + HOUR;

  it('are listed, the one that was used last at the front, and one in use is removed only by force', async () => {
    must(await save('old', { nowMs: NOW - 2 * HOUR }));
    must(await save('new', { bytes: 4096 }));
    await halfMade('filling', NOW + 1);
    const host = hostOf();
    const listed = must(await host.list());
    expect(listed).toMatchObject([
      { key: 'new', scope: 'trusted', bytes: 4096, inUse: true, id: expect.stringMatching(/^[0-9a-f]{32}$/) },
      { key: 'old', inUse: false, lastUsedAt: new Date(NOW - 2 * HOUR).toISOString() },
    ]);
    expect(mustFail(await host.remove('new', {}), 'cache_in_use').message).toContain('--force');
    expect(must(await host.remove('old', {})).id).toBe(listed[1]?.id);
    expect(must(await host.remove(`${listed[0]?.id.slice(0, 8)}`, { force: true })).key).toBe('new');
    expect(must(await host.list())).toEqual([]);
    mustFail(await host.remove('new', { force: true }), 'no_such_cache');
    // What somebody is filling is no cache yet, whatever the force.
    mustFail(await host.remove('filling', { force: true }), 'no_such_cache');
  });

  it('of one key in several scopes are named by id, and a run that is not trusted removes none', async () => {
    must(await save('k'));
    must(await save('k', { scope: 'untrusted:pr-1' }));
    const host = hostOf('trusted', LATER);
    const all = must(await host.list());
    const several = mustFail(await host.remove('k', {}), 'no_such_cache').message;
    for (const { id } of all) expect(several).toContain(id.slice(0, 12));
    mustFail(await hostOf('untrusted', LATER).remove(all[0]?.id ?? '', { force: true }), 'not_trusted');
    expect(must(await hostOf('untrusted', LATER).list())).toHaveLength(2);
    must(await host.remove(all[0]?.id ?? '', {}));
    expect(must(await host.remove('k', {})).id).toBe(all[1]?.id);
  });

  it('that are used between the look and the removal stay', async () => {
    must(await save('k'));
    const [first] = must(await store.list(signal));
    const read = volumes.read.bind(volumes);
    volumes.read = async (name, bound) => {
      if (first !== undefined) await incus.patchVolume('default', 'default', name, cacheUse(LATER));
      return await read(name, bound);
    };
    mustFail(await hostOf('trusted', LATER).remove('k', {}), 'cache_in_use');
    expect(must(await store.list(signal))).toHaveLength(1);
  });
});
