import { err, ok } from 'neverthrow';
import { expect, it } from 'vitest';
import { MemoryClock } from '../../../../src/adapters/memory/memory-clock.js';
import { saveCaches } from '../../../../src/application/cache/save-caches.js';
import type { Journal } from '../../../../src/application/events/journal.js';
import { incusMachineCaches } from '../../../../src/application/machine/incus/incus-machine-caches.js';
import type { JobCacheRecord } from '../../../../src/domain/job/cache-report.js';
import { readCacheSaver } from '../../../../src/domain/machine/cache-mark.js';
import type { IncusApi } from '../../../../src/ports/incus-api.js';
import type { IncusCreateVolume } from '../../../../src/ports/incus-types.js';

const MINUTE = 60_000;

it('each cache has the time to be copied in, however long the one before it took', async () => {
  const clock = new MemoryClock();
  const begun = clock.now();
  const claims: number[] = [];
  const incus = {
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
  const cache = (key: string): JobCacheRecord => ({
    path: `/${key}`,
    key,
    hit: 'miss',
    restore_ms: 0,
    pool: 'p',
    volume: `copy-${key}`,
    save_scope: 'trusted',
    max_bytes: 10_000,
  });
  const reports = await saveCaches(clock, {
    caches: [cache('a'), cache('b')],
    machine: incusMachineCaches(incus, { project: 'p', instance: 'i' }),
    passed: true,
    now: () => clock.now(),
    journal: { emit: () => {}, warn: () => {} } as unknown as Journal,
  });
  expect(claims).toEqual([30 * MINUTE, 30 * MINUTE]);
  expect(clock.now() - begun).toBe(50 * MINUTE);
  // The volumes are gone when they are looked at again: somebody else's by then.
  expect(reports.map(({ saved }) => saved)).toEqual(['overtaken', 'overtaken']);
});
