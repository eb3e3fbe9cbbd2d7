import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  cacheCopyConfig,
  cacheVolumeName,
  completeCache,
  newCacheConfig,
} from '../../src/domain/machine/cache-mark.js';
import type { JobSpecInput, PikaciEvent } from '../../src/index.js';
import { must, mustFail } from '../../src/testing/contract/expect-result.js';
import { Site } from '../support/site.js';

let site: Site;
let pool: string;
beforeAll(async () => {
  site = await Site.open();
  const { value } = must(await site.incus.profile(site.host.project, site.host.profile));
  pool = Object.values(value.devices).find(({ path }) => path === '/')?.['pool'] ?? '';
  await writeFile(join(site.workspace, 'lock'), 'one\n');
});
afterAll(async () => {
  // They stay, which is what they are for, and other tests count what is on this host.
  for (const name of await volumes()) must(await site.incus.deleteVolume(site.host.project, pool, name));
  await site[Symbol.asyncDispose]();
});

async function volumes(begin = 'pikaci-cache'): Promise<readonly string[]> {
  const listed = must(await site.incus.volumes(site.host.project, pool));
  return listed.map(({ name }) => name).filter((name) => name.startsWith(begin));
}

const cache = (name: string, more: Partial<NonNullable<JobSpecInput['caches']>[number]> = {}) => ({
  path: '/home/pikaci/.cache/tool',
  key: `${name}-\${{ hash("lock") }}`,
  restoreKeys: [`${name}-`],
  ...more,
});

const job = (command: string, ...caches: NonNullable<JobSpecInput['caches']>) => ({ command, caches });
const add = (word: string) => `cat ~/.cache/tool/* 2>/dev/null || :; echo ${word} >~/.cache/tool/${word}`;
const ofCaches = (events: readonly PikaciEvent[]) =>
  events.filter(({ type }) => type === 'cache_restored' || type === 'cache_saved');

describe('a cache', () => {
  it('has for a job what the last one of its key has left, and for another key what a restore key names', async () => {
    const first = await site.finish(job(`${add('first')}; stat -c %U ~/.cache ~/.cache/tool`, cache('a')));
    expect(first.log.toString()).toBe('pikaci\npikaci\n');
    expect(first.run.outcome.caches).toMatchObject([{ hit: 'miss', saved: 'saved' }]);
    expect(first.run.outcome.caches?.[0]?.saved_bytes).toBeGreaterThan(0);

    const second = await site.finish(job(add('second'), cache('a')));
    expect(second.log.toString()).toBe('first\n');
    const key = first.run.outcome.caches?.[0]?.key;
    expect(second.run.outcome.caches).toMatchObject([
      { key, hit: 'exact', restored_key: key, saved: 'unchanged' },
    ]);

    await writeFile(join(site.workspace, 'lock'), 'two\n');
    const third = await site.finish(job(add('third'), cache('a')));
    expect(third.log.toString()).toBe('first\n');
    expect(third.run.outcome.caches).toMatchObject([{ hit: 'partial', restored_key: key, saved: 'saved' }]);
    expect(ofCaches(third.events.events)).toMatchObject([
      { type: 'cache_restored', hit: 'partial' },
      { type: 'cache_saved', saved: 'saved' },
    ]);
    const asRoot = await site.finish({
      ...job('cat /home/pikaci/.cache/tool/*', cache('a')),
      runAsRoot: true,
    });
    expect(asRoot.log.toString()).toBe('first\nthird\n');
    expect(await volumes('pikaci-cachecopy')).toEqual([]);
  });

  it('of one key at another path is another one', async () => {
    const here = { path: '/home/pikaci/here', key: 'same' };
    const there = { path: '/home/pikaci/there', key: '${{ hash("lock") }}' };
    const alike = { path: '/home/pikaci/alike', key: '${{hash("lock")}}' };
    const write = 'for at in here there alike; do [ -d ~/$at ] && echo $at >~/$at/f; done; :';
    const both = await site.finish(job(write, here, there, alike));
    expect(both.run.outcome.caches?.map(({ saved }) => saved)).toEqual(['saved', 'saved', 'saved']);
    const again = await site.finish(
      job('cat ~/here/f ~/there/f ~/alike/f; ls ~/else', here, there, alike, {
        path: '/home/pikaci/else',
        key: 'same',
      }),
    );
    expect(again.log.toString()).toBe('here\nthere\nalike\n');
    expect(again.run.outcome.caches?.map(({ hit }) => hit)).toEqual(['exact', 'exact', 'exact', 'miss']);
  });

  it('is listed, and removed by hand: one that was used a short time ago only by force', async () => {
    const { run } = await site.finish(job(add('listed'), cache('l', { key: 'listed', restoreKeys: [] })));
    expect(run.outcome.caches).toMatchObject([{ saved: 'saved' }]);
    const all = must(await site.pikaci.listCaches());
    expect(all.find(({ key }) => key === 'listed')).toMatchObject({
      scope: 'trusted',
      path: '/home/pikaci/.cache/tool',
      bytes: run.outcome.caches?.[0]?.saved_bytes,
      inUse: true,
    });
    mustFail(await site.pikaci.removeCache('listed'), 'cache_in_use');
    const { id } = must(await site.pikaci.removeCache('listed', { force: true }));
    expect(await volumes(`pikaci-cache-${id}`)).toEqual([]);
  });

  it('is the machine’s own directory where the image lets nothing be mounted, and the others are kept', async () => {
    const link = { path: '/var/lock/tool', key: 'link' };
    const kept = { path: '/home/pikaci/kept', key: 'kept' };
    const command = 'touch /var/lock/tool/here ~/kept/here && ls -d /run/lock/tool/here';
    const { run, log, events } = await site.finish(job(command, link, kept));
    expect(log.toString()).toBe('/run/lock/tool/here\n');
    expect(events.of('warning').map(({ message }) => message)).toEqual([
      "the cache at /var/lock/tool could not be had: /var/lock is a link of the machine's image to /run/lock, and nothing is mounted through a link; give the cache the path that this leads to",
    ]);
    expect(run.outcome.caches?.map(({ saved }) => saved)).toEqual(['failed', 'saved']);

    const file = { path: '/etc/passwd/x', key: 'file' };
    const refused = await site.finish(job('true', file, kept));
    expect(refused.events.of('warning').map(({ message }) => message)).toEqual([
      "the cache at /etc/passwd/x could not be had: /etc/passwd is a file of the machine's image; give the cache another path",
    ]);
    expect(refused.run.outcome).toMatchObject({ status: 'failed' });
    expect(refused.run.outcome.message).toContain('directory /etc/passwd/x of a cache cannot be created');
    expect(await volumes('pikaci-cachecopy')).toEqual([]);
  });

  it('keeps nothing of a job that failed, nor more than it may have', async () => {
    const failed = await site.finish(job(`${add('bad')}; exit 3`, cache('b')));
    expect(failed.run.outcome.caches).toMatchObject([{ hit: 'miss', saved: 'not_passed' }]);
    const large = await site.finish(
      job('head -c 300000 /dev/zero >~/.cache/tool/large', cache('b', { maxBytes: '100KiB' })),
    );
    expect(large.run.outcome.caches).toMatchObject([{ hit: 'miss', saved: 'too_large' }]);
  });

  it('of a trusted run is found by one that is not, which keeps what it leaves to runs of its own branch', async () => {
    const untrusted = site.open({ trust: 'untrusted' });
    const always = cache('c', { save: 'always' });
    await site.finish(job(add('ours'), always));
    await writeFile(join(site.workspace, 'lock'), 'three\n');
    const evil = job(`${add('evil')}; echo evil >~/.cache/tool/ours`, always);
    const pull = await site.finish(evil, { branch: 'pr-1' }, untrusted);
    expect(pull.log.toString()).toBe('ours\n');
    expect(pull.run.outcome.caches).toMatchObject([{ hit: 'partial', saved: 'saved' }]);

    const read = job('cat ~/.cache/tool/*', cache('c', { save: 'never' }));
    const again = await site.finish(read, { branch: 'pr-1' }, untrusted);
    expect(again.log.toString()).toBe('evil\nevil\n');
    for (const [branch, pikaci] of [
      ['pr-2', untrusted],
      ['pr-1', site.pikaci],
    ] as const) {
      const { log, run } = await site.finish(read, { branch }, pikaci);
      expect(log.toString()).toBe('ours\n');
      expect(run.outcome.caches).toMatchObject([{ hit: 'partial', saved: 'not_allowed' }]);
    }
  });

  it('that a killed runner had begun is not found, and gc removes it and the copies of its machine', async () => {
    const { project } = site.host;
    const of = { project, scope: 'trusted', path: cache('d').path, key: 'half' };
    const half = cacheVolumeName(of);
    const left = 'pikaci-cachecopy-of-a-killed-runner';
    const config = newCacheConfig(of, { token: 'dead', untilMs: 1 });
    must(await site.incus.createVolume(project, { pool, name: half, config }));
    const copy = cacheCopyConfig({ project, acquisition: 'dead', untilMs: 1 });
    must(await site.incus.createVolume(project, { pool, name: left, config: copy }));
    const { run } = await site.finish(
      job('ls ~/.cache/tool', cache('d', { key: 'half', save: 'never', restoreKeys: ['ha'] })),
    );
    expect(run.outcome.caches).toMatchObject([{ hit: 'miss' }]);
    must(await site.pikaci.reap());
    const there = await volumes();
    expect([there.includes(half), there.includes(left)]).toEqual([false, false]);
  });
});

describe('a cache on microvm', () => {
  it('is copied for a job, and what the job leaves is found under its key', async () => {
    await using microvms = await Site.open({ backend: 'microvm' });
    await writeFile(join(microvms.workspace, 'lock'), 'one\n');
    const { path } = cache('m');
    const of = { project: 'microvm', scope: 'trusted', path, key: 'm-before' };
    const config = { ...newCacheConfig(of, { token: 'x', untilMs: 1 }), ...completeCache(Date.now(), 4096) };
    const kept = Object.fromEntries(Object.entries(config).filter(([, value]) => value !== null));
    const at = `${microvms.workDir}/cache/volumes/${cacheVolumeName(of)}`;
    const put =
      'umask 077; mkdir -p "$1/data"; echo first >"$1/data/first"; chown -R 1001 "$1/data"; printf "%s\\n" "$2" >"$1/config"';
    await microvms.onHost(put, at, JSON.stringify(kept));

    const { run, log } = await microvms.finish(
      job(`${add('second')}; ls -ld ~/.cache/tool/first`, cache('m')),
    );
    expect(log.toString()).toMatch(/^first\n-\S+ 1 pikaci /);
    expect(run.outcome.caches).toMatchObject([{ hit: 'partial', restored_key: 'm-before', saved: 'saved' }]);

    const [saved, before] = must(await microvms.pikaci.listCaches());
    expect([saved, before]).toMatchObject([
      { path, inUse: true, bytes: run.outcome.caches?.[0]?.saved_bytes },
      { key: 'm-before' },
    ]);
    // The copy has gone with its machine, and the first cache is as it was.
    const there = await microvms.onHost('cd "$1" && ls -d pikaci-*; ls */data', `${at}/..`);
    expect(there.split('\n').filter((line) => line.startsWith('pikaci-cachecopy'))).toEqual([]);
    expect(there).toContain(`pikaci-cache-${saved?.id}/data:\nfirst\nsecond\n`);
    expect(there).toContain(`${cacheVolumeName(of)}/data:\nfirst\n\n`);
    must(await microvms.pikaci.removeCache(saved?.id ?? '', { force: true }));
    expect(must(await microvms.pikaci.listCaches())).toHaveLength(1);
  });
});
