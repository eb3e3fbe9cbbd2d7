import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { chmod, link, mkdir, readFile, readlink, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ok } from 'neverthrow';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LocalShell } from '../../../src/adapters/local/shell.js';
import { MemoryClock } from '../../../src/adapters/memory/memory-clock.js';
import { NodeFileStore } from '../../../src/adapters/node/node-file-store.js';
import { CacheStore } from '../../../src/application/cache/cache-store.js';
import { restoreCaches } from '../../../src/application/cache/restore-caches.js';
import { WorkDirectory } from '../../../src/application/directories/work-directory.js';
import { EvictCaches } from '../../../src/application/gc/evict-caches.js';
import { MicrovmCacheVolumes } from '../../../src/application/machine/microvm/microvm-cache-volumes.js';
import { MicrovmHost } from '../../../src/application/machine/microvm/microvm-host.js';
import { cacheVolumeName, newCacheConfig } from '../../../src/domain/machine/cache-mark.js';
import { must, mustFail } from '../../../src/testing/contract/expect-result.js';
import { cacheVolumesContract } from '../../support/cache-volumes-contract.js';
import { PlayedMicrovm } from '../../support/played-microvm.js';
import { repositoryRoot } from '../../support/repository-root.js';

const run = promisify(execFile);
const signal = new AbortController().signal;
const HEAD = 'pikaci-cache-0123456789abcdef';
const COPY = 'pikaci-cachecopy-0123456789abcdef';

let machine: PlayedMicrovm;
let shell: LocalShell;
let volumes: MicrovmCacheVolumes;
beforeEach(async () => {
  machine = await PlayedMicrovm.open();
  await chmod(machine.path, 0o700);
  shell = new LocalShell();
  const text = (path: string) => readFile(join(repositoryRoot, path), 'utf8');
  const scripts = {
    'pikaci-microvm-host': await text('microvm/pikaci-microvm-host'),
    'pikaci-microvm-guest': '',
    'pikaci-incus-run': '',
  };
  const ports = { shell, hostFiles: new NodeFileStore() };
  const host = new MicrovmHost(ports, new WorkDirectory(ports, machine.path), () => scripts);
  volumes = new MicrovmCacheVolumes(host, machine.path);
});
afterEach(async () => {
  await machine[Symbol.asyncDispose]();
  await shell[Symbol.asyncDispose]();
});

const make = async (name: string, copyOf?: string) =>
  must(await volumes.create({ name, config: {}, ...(copyOf === undefined ? {} : { copyOf }) }, signal));
const at = (name: string, path = '') => join(volumes.dataOf(name), path);
const launch = (options: readonly string[] = []) =>
  machine.launch(PlayedMicrovm.lease, options, [
    ...['artifacts', 'rw', join(machine.jobDir, 'artifacts')],
    ...['pikaci-cache-0', 'rw', at(COPY)],
  ]);

describe.runIf(process.getuid?.() === 0)('caches of microVMs', () => {
  cacheVolumesContract('a host’s directories', () => ({
    volumes,
    use: async (name) => {
      const vm = join(machine.jobDir, 'vm');
      await mkdir(vm, { recursive: true });
      await writeFile(join(vm, 'sources'), `/somewhere\0${at(name)}\0`);
      return () => writeFile(join(vm, 'sources'), '');
    },
  }));

  it('are copies: what one has is not changed by what is written into the other, and owners and links stay', async () => {
    await make(HEAD);
    await writeFile(at(HEAD, 'file'), 'one\n');
    await run('sh', [
      '-c',
      'cd "$1"; mkdir d; chown 1000:1000 file d; chmod 0750 d; ln -s ../etc/passwd d/link',
      'sh',
      at(HEAD),
    ]);
    await link(at(HEAD, 'file'), at(HEAD, 'd/same'));
    await make(COPY, HEAD);
    await writeFile(at(COPY, 'file'), 'two\n');
    expect(await readFile(at(HEAD, 'file'), 'utf8')).toBe('one\n');
    expect(await readFile(at(COPY, 'd/same'), 'utf8')).toBe('two\n');
    expect(await readlink(at(COPY, 'd/link'))).toBe('../etc/passwd');
    const { uid, gid, mode } = await stat(at(COPY, 'd'));
    expect([uid, gid, mode & 0o7777]).toEqual([1000, 1000, 0o750]);
    expect((await stat(volumes.pool)).mode & 0o777).toBe(0o700);
  });

  it('have nothing of what a guest has left but files, directories and links, and none that runs as root', async () => {
    await make(COPY);
    await run('sh', [
      '-c',
      `cd "$1"; mknod disk b 7 0; mknod null c 1 3; mkfifo fifo
       cp /bin/true setuid; cp /bin/true setgid; chmod 4755 setuid; chmod 2755 setgid
       ln -s / root; ln -s /etc/passwd passwd; mkdir -p a/b; mknod a/b/disk b 7 0`,
      'sh',
      at(COPY),
    ]);
    await run('python3', ['-c', `import socket; socket.socket(socket.AF_UNIX).bind("${at(COPY, 's')}")`]);
    await truncate(at(COPY, 'setuid'), 2 ** 40);
    expect(must(await volumes.bytesOf(COPY, signal))).toBeLessThan(10 * 1024 * 1024);
    await make(HEAD, COPY);
    expect(readdirSync(at(HEAD)).sort()).toEqual(['a', 'passwd', 'root', 'setgid', 'setuid']);
    expect(readdirSync(at(HEAD, 'a/b'))).toEqual([]);
    for (const name of ['setuid', 'setgid']) expect((await stat(at(HEAD, name))).mode & 0o7777).toBe(0o755);
    expect(must(await volumes.bytesOf(HEAD, signal))).toBeLessThan(10 * 1024 * 1024);
    expect(await readlink(at(HEAD, 'root'))).toBe('/');
    must(await volumes.remove(HEAD, signal));
    expect(existsSync('/etc/passwd')).toBe(true);
  });

  it('leave nothing when they cannot be copied, as on a full disk', async () => {
    await make(COPY);
    await run('mount', ['-t', 'tmpfs', '-o', 'size=1m,mode=0700', 'tmpfs', volumes.pool]);
    try {
      await make(COPY);
      await writeFile(at(COPY, 'half'), Buffer.alloc(600 * 1024));
      const failed = mustFail(
        await volumes.create({ name: HEAD, config: {}, copyOf: COPY }, signal),
        'failed',
      );
      expect(failed.message).toContain('No space left');
      expect(readdirSync(volumes.pool).filter((name) => name !== 'lock')).toEqual([COPY]);
    } finally {
      await run('umount', [volumes.pool]);
    }
  });

  it('are saved once, found by their keys, and swept when nobody has them', async () => {
    const HOUR = 3600_000;
    const now = 1000 * 24 * HOUR;
    const store = new CacheStore(volumes);
    await make(COPY);
    await writeFile(at(COPY, 'file'), 'one\n');
    const save = (key: string, token: string, nowMs = now) =>
      store.save({ scope: 'trusted', path: '/c', key, from: COPY, bytes: 10, token, nowMs, signal });
    const both = await Promise.all([save('a-1', 'one'), save('a-1', 'other')]);
    expect(both.map(must).sort()).toEqual(['overtaken', 'saved']);
    const { caches, warnings } = await restoreCaches(new MemoryClock(), {
      volumes,
      wanted: [
        {
          path: '/c',
          key: 'a-2',
          restoreKeys: ['a-'],
          maxBytes: 10,
          scopes: { reads: ['trusted'], writes: null },
        },
        {
          path: '/d',
          key: 'a-1',
          restoreKeys: [],
          maxBytes: 10,
          scopes: { reads: ['trusted'], writes: null },
        },
        {
          path: '/c',
          key: 'a-1',
          restoreKeys: [],
          maxBytes: 9,
          scopes: { reads: ['trusted'], writes: null },
        },
      ],
      ...{ acquisition: 'a', isBounded: true, nowMs: now, launchWaitMs: 0, signal },
    });
    expect(caches).toMatchObject([
      { hit: 'partial', restored_key: 'a-1', pool: volumes.pool },
      { hit: 'miss' },
      { hit: 'miss' },
    ]);
    expect(warnings).toEqual([expect.stringContaining('it has 10 bytes, and "maxBytes" is 9')]);
    expect(await readFile(at(caches[0]?.volume ?? '', 'file'), 'utf8')).toBe('one\n');

    const of = { project: 'microvm', scope: 'trusted', path: '/c', key: 'half' };
    const half = cacheVolumeName(of);
    must(
      await volumes.create({ name: half, config: newCacheConfig(of, { token: 'dead', untilMs: 1 }) }, signal),
    );
    const sweep = (nowMs: number) =>
      new EvictCaches(
        { cacheVolumes: async () => ok(volumes) },
        { retention: { keepDays: 7, keepBytes: null } },
        { now: () => nowMs },
      ).evict({ dryRun: false, bounds: {}, signal });
    expect((await sweep(now)).abandoned).toEqual([half]);
    const later = await sweep(now + 8 * 24 * HOUR);
    expect([later.abandoned.length, later.report.evicted.length, later.report.failed]).toEqual([3, 1, []]);
    expect(must(await volumes.list(signal)).map(({ name }) => name)).toEqual([COPY]);
  });

  it('are put into no directory that is a link, or somebody else’s', async () => {
    await mkdir(join(machine.path, 'cache'), { recursive: true });
    await run('ln', ['-s', '/tmp', volumes.pool]);
    const refused = mustFail(await volumes.create({ name: HEAD, config: {} }, signal), 'failed');
    expect(refused.message).toContain('is a link, or somebody else');
    expect(existsSync(`/tmp/${HEAD}`)).toBe(false);
  });

  it('go with their machine, whose end is all that removes them', async () => {
    await make(COPY);
    await make('pikaci-cachecopy-ffffffffffffffff');
    await machine.runner(
      'echo log >shares/artifacts/guest.log; echo x >shares/pikaci-cache-0/x; exec sleep 600',
    );
    expect((await launch()).code).toBe(0);
    mustFail(await volumes.remove(COPY, signal), 'in_use');
    await make(HEAD, COPY);
    expect((await machine.call('destroy', machine.jobDir)).code).toBe(0);
    expect(readdirSync(volumes.pool).sort()).toEqual(
      [HEAD, 'pikaci-cachecopy-ffffffffffffffff', 'lock'].sort(),
    );
  });

  it('that grow past what they may have end the machine', async () => {
    await make(COPY);
    await machine.runner(
      'echo log >shares/artifacts/guest.log; head -c 300000 /dev/zero >shares/pikaci-cache-0/x; exec sleep 600',
    );
    expect((await launch(['caches_bytes=100000'])).code).toBe(0);
    await machine.call('follow', machine.jobDir, '0');
    expect(await machine.status()).toMatchObject({ state: 'ended', reason: 'caches_full' });
  });

  it('have names of their own, and lie in no other directory', async () => {
    for (const name of ['../x', 'pikaci-cache-../../x', 'lock', '.new-x', 'pikaci-cache-'])
      for (const word of ['cache', 'cache-remove', 'cache-size'])
        expect((await machine.call(word, machine.path, name)).code).toBe(64);
  });
});
