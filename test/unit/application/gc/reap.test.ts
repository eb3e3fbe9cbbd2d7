import { err } from 'neverthrow';
import { describe, expect, it } from 'vitest';
import { MemoryClock } from '../../../../src/adapters/memory/memory-clock.js';
import { MemoryHost } from '../../../../src/adapters/memory/memory-host.js';
import { LeaseRenewer } from '../../../../src/application/lease/lease-renewer.js';
import { writeLease } from '../../../../src/application/lease/write-lease.js';
import { IncusLeaseStore } from '../../../../src/application/machine/incus/incus-lease-store.js';
import { createPikaci } from '../../../../src/composition/create-pikaci.js';
import { incusInstanceName } from '../../../../src/domain/machine/incus-instance-name.js';
import { leaseConfig, newLeaseConfig, readLease } from '../../../../src/domain/machine/lease.js';
import type { IncusApi } from '../../../../src/ports/incus-api.js';
import { must, mustFail } from '../../../../src/testing/contract/expect-result.js';

const { signal } = new AbortController();
const NAME = incusInstanceName('run', 'job');

async function leased(expiresInMs: number, owner = 'owner') {
  const clock = new MemoryClock(1_800_000_000_000, { skipUpToMs: 5000 });
  const host = new MemoryHost({ clock });
  const lease = { runId: 'run', jobId: 'job', owner, expiresAtMs: clock.now() + expiresInMs };
  const create = (name: string, config: Record<string, string>) =>
    host.incus.createInstance('default', {
      name,
      type: 'container',
      ephemeral: true,
      start: true,
      source: { alias: 'pikaci/dev' },
      config,
      devices: {},
    });
  must(await create(NAME, leaseConfig(lease)));
  const pikaci = (incus: IncusApi = host.incus) =>
    must(createPikaci({ host: 'local', workDir: '/var/pikaci' }, { adapters: { ...host.adapters, incus } }));
  const place = (incus: IncusApi = host.incus) => new IncusLeaseStore(incus, 'default', NAME);
  const current = () => readLease(host.incus.allInstances[0]?.config ?? {});
  return { clock, host, pikaci, create, place, current };
}

/** The same API, with something happening before every call of one name. */
function racing<K extends 'patchInstance' | 'instance'>(
  incus: IncusApi,
  call: K,
  happens: () => Promise<unknown>,
): IncusApi {
  const act = async (...args: never[]) => {
    await happens();
    return (incus[call] as (...args: never[]) => Promise<never>)(...args);
  };
  return Object.assign(Object.create(incus), { [call]: act });
}

describe('reaping', () => {
  it('deletes an instance whose lease has ended, with its directory, and leaves the others', async () => {
    const { host, pikaci, create, clock } = await leased(0);
    const lease = { runId: 'r', jobId: 'j', owner: 'o', expiresAtMs: clock.now() + 1000 };
    must(await create('alive', leaseConfig(lease)));
    must(await create('foreign', {}));
    must(await host.hostFiles.makeDirectory('/var/pikaci/runs/run/jobs/job/artifacts'));
    expect(must(await pikaci().reap())).toMatchObject({ deleted: [NAME], alive: ['alive'], failed: [] });
    expect(host.incus.allInstances.map(({ name }) => name)).toEqual(['alive', 'foreign']);
    expect(must(await host.hostFiles.list('/var/pikaci/runs'))).toEqual([]);
  });

  it('frees what it can where the disk is too full for the script that looks after microVMs', async () => {
    const { host, pikaci } = await leased(0);
    must(await host.hostFiles.makeDirectory('/var/pikaci/runs/run/jobs/job/artifacts'));
    host.hostFiles.writeFile = async (path) =>
      err({ kind: 'io', host: 'memory', path, operation: 'write', message: 'Failure' });
    expect(must(await pikaci().reap())).toMatchObject({ deleted: [NAME], failed: [], abandonedFailed: null });
    expect(must(await host.hostFiles.list('/var/pikaci/runs'))).toEqual([]);
  });

  it('removes no directory of a run whose ids an instance of another name has, and none of another machine', async () => {
    const { host, pikaci, create } = await leased(0);
    const dead = { runId: 'run', jobId: 'other', owner: 'o', expiresAtMs: 0 };
    must(await create('forged', leaseConfig(dead)));
    const owned = { ...dead, runId: 'again', acquisition: '3f2c1a80-0000-4000-8000-000000000001' };
    must(await create(incusInstanceName('again', 'other'), newLeaseConfig(owned)));
    for (const runId of ['run', 'again'])
      must(await host.hostFiles.makeDirectory(`/var/pikaci/runs/${runId}/jobs/other/artifacts`));
    must(
      await host.hostFiles.writeFile(
        '/var/pikaci/runs/again/jobs/other/owner',
        Buffer.from('3f2c1a80-0000-4000-8000-000000000002\n'),
      ),
    );
    expect(must(await pikaci().reap()).deleted).toHaveLength(3);
    expect(host.incus.allInstances).toEqual([]);
    for (const runId of ['run', 'again'])
      expect(must(await host.hostFiles.list(`/var/pikaci/runs/${runId}/jobs`))).toMatchObject([
        { name: 'other' },
      ]);
  });

  it('says in a dry run what it would delete, and deletes nothing', async () => {
    const { host, pikaci } = await leased(0);
    expect(must(await pikaci().reap({ dryRun: true })).deleted).toEqual([NAME]);
    expect(host.incus.allInstances).toHaveLength(1);
  });

  it('lets the owner win who renews in that moment', async () => {
    const { host, pikaci, place, clock } = await leased(0);
    const lease = { owner: 'owner', expiresAtMs: clock.now() + 1000 };
    let raced = false;
    const incus = racing(host.incus, 'patchInstance', async () => {
      if (raced) return;
      raced = true;
      must(await writeLease(place(), lease, 'owner', signal));
    });
    expect(must(await pikaci(incus).reap())).toMatchObject({ deleted: [], alive: [NAME], failed: [] });
    expect(host.incus.allInstances).toHaveLength(1);
  });

  it('is final for an owner who comes too late', async () => {
    const { host, pikaci, place, clock, current } = await leased(0);
    const held = host.incus.faults;
    held.failNext('changeState', 'permission_denied');
    expect(must(await pikaci().reap()).failed).toHaveLength(1);
    expect(current()?.owner).toMatch(/^reaper-/);
    const late = await writeLease(place(), { owner: 'owner', expiresAtMs: clock.now() + 1000 }, null, signal);
    mustFail(late, 'superseded');
    // The claim of a reaper that failed ends, and the next one deletes.
    expect(must(await pikaci().reap()).alive).toEqual([NAME]);
    await clock.advance(121_000);
    expect(must(await pikaci().reap()).deleted).toEqual([NAME]);
  });

  it('is done once by two reapers at the same time', async () => {
    const { host, pikaci } = await leased(0);
    const [one, two] = await Promise.all([pikaci().reap(), pikaci(host.incus.anotherConnection()).reap()]);
    expect([...must(one).deleted, ...must(two).deleted]).toContain(NAME);
    expect([...must(one).failed, ...must(two).failed]).toEqual([]);
    expect(host.incus.allInstances).toEqual([]);
  });

  it('takes a lease that cannot be read for one that has ended, and follows no path in it', async () => {
    const { host, pikaci } = await leased(0);
    host.incus.world.project('default', '').map(({ instances }) => instances.clear());
    must(
      await host.incus.createInstance('default', {
        name: 'odd',
        type: 'container',
        ephemeral: true,
        start: false,
        source: { alias: 'pikaci/dev' },
        config: {
          'user.pikaci.lease_expires_at_ms': 'soon',
          'user.pikaci.run': '../..',
          'user.pikaci.job': 'x',
        },
        devices: {},
      }),
    );
    must(await host.hostFiles.makeDirectory('/var/jobs/x'));
    expect(must(await pikaci().reap()).deleted).toEqual(['odd']);
    expect(host.hostFiles.has('/var/jobs/x')).toBe(true);
  });

  it("goes by the host's time as it is now, not as it was when this process began", async () => {
    const { clock, host, pikaci } = await leased(600_000);
    const hostTimeMs = clock.now();
    const ask = host.incus.server;
    const reaper = pikaci(
      Object.assign(Object.create(host.incus), {
        server: async () => (await ask()).map((info) => ({ ...info, hostTimeMs })),
      }),
    );
    expect(must(await reaper.reap()).alive).toEqual([NAME]);
    // This machine's clock is set forward by an hour; the host's is not.
    await clock.advance(3_600_000);
    expect(must(await reaper.reap()).alive).toEqual([NAME]);
  });

  it('deletes nothing when the host does not say its time', async () => {
    const { host, pikaci } = await leased(0);
    host.incus.faults.failNext('server', 'unreachable');
    mustFail(await pikaci().reap(), 'incus');
    expect(host.incus.allInstances).toHaveLength(1);
  });

  it('removes uploads that were given up a day ago', async () => {
    const { clock, host, pikaci } = await leased(1e9);
    must(await host.hostFiles.makeDirectory('/var/pikaci/snapshots/.staging-old'));
    await clock.advance(24 * 3600_000 + 60_000);
    must(await host.hostFiles.makeDirectory('/var/pikaci/snapshots/.staging-new'));
    must(await host.hostFiles.makeDirectory('/var/pikaci/snapshots/abc'));
    must(await pikaci().reap());
    const names = must(await host.hostFiles.list('/var/pikaci/snapshots')).map(({ name }) => name);
    expect(names).toEqual(['.staging-new', 'abc']);
  });

  it('removes places in groups whose runner gave no sign for half an hour, and nothing else that is there', async () => {
    const { clock, host, pikaci } = await leased(1e9);
    const { hostFiles } = host;
    const write = async (name: string) =>
      must(await hostFiles.writeFile(`/var/pikaci/groups/${name}`, Buffer.from('{}')));
    must(await hostFiles.makeDirectory('/var/pikaci/groups'));
    const group = 'a'.repeat(24);
    for (const name of [`${group}.old.json`, `${group}.old.cancel`, 'notes.json']) await write(name);
    await clock.advance(31 * 60_000);
    await write(`${group}.new.json`);
    must(await pikaci().reap({ dryRun: true }));
    expect(must(await hostFiles.list('/var/pikaci/groups'))).toHaveLength(4);
    must(await pikaci().reap());
    const names = must(await hostFiles.list('/var/pikaci/groups')).map(({ name }) => name);
    expect(names).toEqual([`${group}.new.json`, 'notes.json']);
  });
});

describe('the keeper of a lease', () => {
  const keeper = (
    { place, clock }: Pick<Awaited<ReturnType<typeof leased>>, 'place' | 'clock'>,
    onSuperseded: (message: string) => void = () => {},
  ) =>
    new LeaseRenewer({
      place: place(),
      clock,
      owner: 'owner',
      leaseMs: 90_000,
      hostTime: { fresh: async () => clock.now() },
      onSuperseded,
    });

  it('renews it every third of it, until closed', async () => {
    const world = await leased(90_000);
    const keeping = keeper(world);
    for (let i = 0; i < 5; i++) {
      await world.clock.asleepFor(30_000);
      await world.clock.advance(30_000);
    }
    await world.clock.asleepFor(30_000);
    expect(world.current()?.expiresAtMs).toBe(world.clock.now() + 90_000);
    await keeping[Symbol.asyncDispose]();
    expect(world.current()?.owner).toBe('owner');
  });

  it('tries again soon when a renewal fails', async () => {
    const world = await leased(90_000);
    await using _keeping = keeper(world);
    await world.clock.asleepFor(30_000);
    world.host.incus.faults.failNext('instance', 'connection_lost');
    await world.clock.advance(30_000);
    await world.clock.asleepFor(9000);
    await world.clock.advance(9000);
    await world.clock.asleepFor(30_000);
    expect(world.current()?.expiresAtMs).toBe(world.clock.now() + 90_000);
  });

  it('reads again when somebody else writes in the same moment', async () => {
    const world = await leased(90_000);
    const { host, place, clock } = world;
    let races = 0;
    const incus = racing(host.incus, 'patchInstance', async () => {
      if (races++ < 3) must(await host.incus.patchInstance('default', NAME, { 'user.note': String(races) }));
    });
    must(await writeLease(place(incus), { owner: 'owner', expiresAtMs: clock.now() + 5 }, 'owner', signal));
    expect(races).toBe(4);
  });

  it('does not race for ever', async () => {
    const { host, place } = await leased(90_000);
    let races = 0;
    const incus = racing(host.incus, 'patchInstance', async () => {
      must(await host.incus.patchInstance('default', NAME, { 'user.note': String(races++) }));
    });
    mustFail(await writeLease(place(incus), { owner: 'owner', expiresAtMs: 5 }, 'owner', signal), 'failed');
  });

  it("says so when the lease is somebody else's, and ends", async () => {
    const world = await leased(90_000);
    const superseded = new Promise<string>((resolve) => {
      const keeping = keeper(world, resolve);
      void keeping;
    });
    await world.clock.asleepFor(30_000);
    must(await writeLease(world.place(), { owner: 'next', expiresAtMs: 5 }, null, signal));
    await world.clock.advance(30_000);
    expect(await superseded).toContain('another process now owns');
    expect(world.current()).toMatchObject({ owner: 'next', expiresAtMs: 5 });
  });
});
