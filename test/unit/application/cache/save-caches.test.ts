import { err, ok } from 'neverthrow';
import { expect, it } from 'vitest';
import { MemoryClock } from '../../../../src/adapters/memory/memory-clock.js';
import type { CacheVolume, CacheVolumes } from '../../../../src/application/cache/cache-volumes.js';
import type { MachineCaches } from '../../../../src/application/cache/machine-caches.js';
import { saveCaches } from '../../../../src/application/cache/save-caches.js';
import type { Journal } from '../../../../src/application/events/journal.js';
import { incusMachineCaches } from '../../../../src/application/machine/incus/incus-machine-caches.js';
import type { JobCacheRecord } from '../../../../src/domain/job/cache-report.js';
import { readCacheSaver } from '../../../../src/domain/machine/cache-mark.js';
import type { IncusApi } from '../../../../src/ports/incus-api.js';
import type { IncusCreateVolume } from '../../../../src/ports/incus-types.js';

const MINUTE = 60_000;

function cache(key: string): JobCacheRecord {
  const copied = { pool: 'p', volume: `copy-${key}`, save_scope: 'trusted', max_bytes: 10_000 } as const;
  return { path: `/${key}`, key, hit: 'miss', restore_ms: 0, ...copied };
}

const journal = { emit: () => {}, warn: () => {} } as unknown as Journal;

it('each cache has the time to be copied in, however long the one before it took', async () => {
  const clock = new MemoryClock();
  const begun = clock.now();
  const claims: number[] = [];
  const incus = {
    storagePool: async () => ok({ name: 'p', driver: 'btrfs', config: {} }),
    volume: async () => err({ kind: 'not_found', host: 'h', tried: 'GET', status: 404, message: 'none' }),
    exec: async () =>
      ok({
        output: (async function* () {
          yield { stream: 'stdout', data: Buffer.from('4\t/c\n') };
        })(),
        exit: Promise.resolve(ok(0)),
        [Symbol.asyncDispose]: async () => {},
      }),
    createVolume: async (_project: string, { config }: IncusCreateVolume) => {
      claims.push((readCacheSaver(config)?.untilMs ?? 0) - clock.now());
      await clock.advance(25 * MINUTE);
      return ok(undefined);
    },
  } as unknown as IncusApi;
  const reports = await saveCaches(clock, {
    caches: [cache('a'), cache('b')],
    machine: incusMachineCaches(incus, { project: 'p', instance: 'i' }),
    passed: true,
    now: () => clock.now(),
    journal,
  });
  expect(claims).toEqual([30 * MINUTE, 30 * MINUTE]);
  expect(clock.now() - begun).toBe(50 * MINUTE);
  // The volumes are gone when they are looked at again: somebody else's by then.
  expect(reports.map(({ saved }) => saved)).toEqual(['overtaken', 'overtaken']);
});

it.each([
  { driver: 'btrfs', order: ['copied', 'measured', 'removed'] },
  { driver: 'dir', order: ['measured'] },
])(
  'of a cache that is too large nothing is kept, nor is it copied before it is measured where that takes all its bytes ($driver)',
  async ({ driver, order }) => {
    const clock = new MemoryClock();
    const happened: string[] = [];
    const volumes = new Map<string, CacheVolume>();
    const machine: MachineCaches = {
      bytesOf: async () => {
        for (let turns = 0; turns < 20; turns++) await Promise.resolve();
        happened.push('measured');
        return ok(20_000);
      },
      volumesIn: (): CacheVolumes => ({
        ...{ host: 'h', project: 'p', pool: 'p' },
        list: async () => ok([...volumes.values()]),
        read: async (name) => {
          const volume = volumes.get(name);
          if (volume !== undefined) return ok({ volume, version: '1' });
          return err({ kind: 'not_found', message: name });
        },
        create: async ({ name, config }) => {
          happened.push('copied');
          volumes.set(name, { name, config, isUsed: false });
          return ok(undefined);
        },
        change: async () => ok(undefined),
        remove: async (name) => {
          happened.push('removed');
          volumes.delete(name);
          return ok(undefined);
        },
        sharesBlocks: async () => driver !== 'dir',
      }),
    };
    const call = { caches: [cache('a')], machine, passed: true, now: () => clock.now(), journal };
    const [report] = await saveCaches(clock, call);
    expect(report).toMatchObject({ saved: 'too_large', saved_bytes: 20_000 });
    expect(happened).toEqual(order);
    expect(volumes.size).toBe(0);
  },
);
