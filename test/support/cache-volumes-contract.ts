import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { CacheVolumes } from '../../src/application/cache/cache-volumes.js';
import { CACHE_COPY_NAMES, CACHE_NAMES } from '../../src/domain/machine/cache-mark.js';
import { must, mustFail } from '../../src/testing/contract/expect-result.js';

export interface CacheVolumesSubject {
  readonly volumes: CacheVolumes;
  /** Gives a volume to a machine, until the end that comes back. */
  use(name: string): Promise<() => Promise<void>>;
}

const signal = new AbortController().signal;
const fresh = (begin = CACHE_NAMES) => `${begin}${randomBytes(12).toString('hex')}`;
const CONFIG = { 'user.pikaci.cache.key': 'ü "quoted" $(x) \\', 'user.pikaci.cache.scope': 'untrusted:a b' };

/** What holds of every place where caches lie. */
export function cacheVolumesContract(name: string, subject: () => CacheVolumesSubject): void {
  const make = async (volume = fresh(), copyOf?: string) => {
    const wanted = { name: volume, config: CONFIG, ...(copyOf === undefined ? {} : { copyOf }) };
    must(await subject().volumes.create(wanted, signal));
    return volume;
  };
  const names = async () => must(await subject().volumes.list(signal)).map((volume) => volume.name);

  describe(`${name}: a place where caches lie`, () => {
    it('has what was made, with its keys, until it is removed', async () => {
      const { volumes } = subject();
      const made = await make();
      expect(must(await volumes.read(made, signal)).volume).toMatchObject({ config: CONFIG, isUsed: false });
      expect(await names()).toContain(made);
      mustFail(await volumes.create({ name: made, config: {} }, signal), 'already_exists');
      must(await volumes.remove(made, signal));
      mustFail(await volumes.read(made, signal), 'not_found');
      mustFail(await volumes.remove(made, signal), 'not_found');
      expect(await names()).not.toContain(made);
    });

    it('makes a copy with keys of its own, and none of what is not there', async () => {
      const { volumes } = subject();
      const made = await make();
      const copy = fresh(CACHE_COPY_NAMES);
      must(await volumes.create({ name: copy, config: { 'user.other': 'x' }, copyOf: made }, signal));
      const { config } = must(await volumes.read(copy, signal)).volume;
      expect([config['user.other'], config['user.pikaci.cache.key']]).toEqual(['x', undefined]);
      const other = fresh(CACHE_COPY_NAMES);
      mustFail(await volumes.create({ name: other, config: {}, copyOf: fresh() }, signal), 'not_found');
      expect(await names()).not.toContain(other);
      for (const one of [made, copy]) must(await volumes.remove(one, signal));
    });

    it('lets one of those win who make one name, and one of those who change one version', async () => {
      const { volumes } = subject();
      const wanted = fresh();
      const made = await Promise.all(
        [1, 2, 3].map((by) => volumes.create({ name: wanted, config: { 'user.by': `${by}` } }, signal)),
      );
      expect(made.filter((end) => end.isOk())).toHaveLength(1);
      for (const end of made) if (end.isErr()) expect(end.error.kind).toBe('already_exists');
      const { version } = must(await volumes.read(wanted, signal));
      const changed = await Promise.all(
        [1, 2, 3].map((by) =>
          volumes.change(wanted, { 'user.by': null, 'user.of': `${by}` }, { version, signal }),
        ),
      );
      expect(changed.filter((end) => end.isOk())).toHaveLength(1);
      for (const end of changed) if (end.isErr()) expect(end.error.kind).toBe('stale');
      const { config } = must(await volumes.read(wanted, signal)).volume;
      expect([config['user.by'], config['user.of']]).toEqual([
        undefined,
        `${changed.findIndex((end) => end.isOk()) + 1}`,
      ]);
      must(await volumes.remove(wanted, signal));
      mustFail(await volumes.change(wanted, { 'user.of': null }, { version, signal }), 'not_found');
    });

    it('keeps what a machine has', async () => {
      const { volumes } = subject();
      const copy = await make(fresh(CACHE_COPY_NAMES));
      const end = await subject().use(copy);
      expect(must(await volumes.read(copy, signal)).volume.isUsed).toBe(true);
      expect(must(await volumes.list(signal)).find((one) => one.name === copy)?.isUsed).toBe(true);
      mustFail(await volumes.remove(copy, signal), 'in_use');
      const copied = await make(fresh(), copy);
      await end();
      for (const one of [copied, copy]) must(await volumes.remove(one, signal));
    });
  });
}
