import { err } from 'neverthrow';
import { describe, expect, it, vi } from 'vitest';
import { MemoryHost } from '../../../../../src/adapters/memory/memory-host.js';
import { launchInstance } from '../../../../../src/application/machine/incus/launch-instance.js';
import {
  prepareIncusRuntime,
  resolveImage,
} from '../../../../../src/application/machine/incus/prepare-runtime.js';
import { type JobSpecInput, jobSpecSchema } from '../../../../../src/domain/job/job-spec.js';
import { readLease } from '../../../../../src/domain/machine/lease.js';
import type { MachineLimits } from '../../../../../src/domain/machine/machine-limits.js';
import {
  type RemoteIncusContext,
  remoteLinuxVmContext,
} from '../../../../../src/domain/machine/remote-linux-vm-context.js';
import { declaredPayloadMountDeviceName } from '../../../../../src/domain/mounts/mount-device-name.js';
import type { Trust } from '../../../../../src/domain/values/trust.js';
import { must, mustFail } from '../../../../../src/testing/contract/expect-result.js';

const none = new AbortController().signal;

async function world(
  job: Partial<JobSpecInput> = {},
  more: Partial<RemoteIncusContext> = {},
  limits: MachineLimits = {},
  trust: Trust = 'trusted',
) {
  const host = new MemoryHost();
  const context: RemoteIncusContext = {
    ...remoteLinuxVmContext({
      backend: 'incus',
      runId: 'run',
      jobId: 'job',
      remoteHost: 'memory',
      remoteWorkDir: '/var/pikaci',
      snapshotHash: 'abc',
      incusProject: 'default',
      incusProfile: 'default',
      incusImageAlias: 'pikaci/dev',
    }),
    ...more,
  };
  must(await host.hostFiles.makeDirectory(context.shared.remoteSnapshotDir));
  const spec = jobSpecSchema.parse({ id: 'job', command: 'make', ...job });
  const image = () => resolveImage(host.incus, context, none);
  const prepare = async () =>
    prepareIncusRuntime(
      host.adapters,
      context,
      { spec, place: { runId: 'run', jobId: 'job', acquisition: MINE, snapshotHash: 'abc' } },
      { image: must(await image()), limits, trust },
      none,
    );
  const ids = { runId: 'run', jobId: 'job', acquisition: MINE };
  const lease = { ...ids, owner: 'me', expiresAtMs: host.clock.now() + 1000 };
  const launch = async (signal = none) =>
    launchInstance(host.adapters, context, must(await prepare()), lease, signal);
  return { host, context, image, prepare, launch };
}

const MINE = '3f2c1a80-0000-4000-8000-000000000001';

async function declare(host: MemoryHost, path: string, mounts: readonly Record<string, unknown>[]) {
  must(await host.hostFiles.makeDirectory(`${path}/share/pikaci`));
  const manifest = Buffer.from(JSON.stringify({ schema_version: 1, kind: 'k', mounts }));
  must(await host.hostFiles.writeFile(`${path}/share/pikaci/payload-manifest.json`, manifest));
}

const SNAPSHOT = declaredPayloadMountDeviceName('workspace-snapshot', 'workspace_snapshot_root');
const mount = { name: 'deps', relative_path: 'share', guest_path: '/deps', read_only: true };

describe('the devices of a machine', () => {
  it('have the snapshot as one more declared mount, read-only and under a short stable name', async () => {
    const { prepare } = await world();
    expect(must(await prepare()).instance.devices).toEqual({
      [SNAPSHOT]: {
        type: 'disk',
        source: '/var/pikaci/snapshots/abc/snapshot',
        path: '/workspace/snapshot',
        readonly: 'true',
      },
    });
    expect(SNAPSHOT).toMatch(/^[a-z0-9-]{1,20}$/);
  });

  it('have what the prepared outputs declare, where it really lies', async () => {
    const { host, prepare } = await world({ preparedOutputs: [{ name: 'linux-rust', path: '/result' }] });
    await declare(host, '/nix/store/x', [{ ...mount, read_only: false }]);
    host.hostFiles.link('/nix/store/x', '/result');
    expect(must(await prepare()).instance.devices).toMatchObject({
      [declaredPayloadMountDeviceName('linux-rust', 'deps')]: {
        source: '/nix/store/x/share',
        path: '/deps',
        readonly: 'false',
      },
    });
  });

  for (const [title, bad, field] of [
    ['climbs out of its output', { ...mount, relative_path: '../x' }, 'relative_path'],
    ['has a relative place in the guest', { ...mount, guest_path: 'deps' }, 'guest_path'],
    ['covers the workspace', { ...mount, guest_path: '/workspace' }, 'guest_path'],
    ['lies in the workspace', { ...mount, guest_path: '/workspace/snapshot/deps' }, 'guest_path'],
    ['covers what the supervisor owns', { ...mount, guest_path: '/artifacts' }, 'guest_path'],
  ] as const) {
    it(`are refused with the field when a mount ${title}`, async () => {
      const { host, prepare } = await world({ preparedOutputs: [{ name: 'o', path: '/o' }] });
      await declare(host, '/o', [bad]);
      expect(mustFail(await prepare(), 'payload_refused').field).toBe(field);
    });
  }

  it('are idmapped for outputs, and for the workspace when the job may change it', async () => {
    const { host, prepare } = await world({
      writableWorkspace: true,
      preparedOutputs: [{ name: 'o', path: '/o' }],
    });
    await declare(host, '/o', [mount]);
    const { devices } = must(await prepare()).instance;
    expect(devices[SNAPSHOT]?.['shift']).toBe('true');
    expect(devices[declaredPayloadMountDeviceName('o', 'deps')]?.['shift']).toBe('true');
  });

  it('are not idmapped for a workspace that is only read', async () => {
    const { prepare } = await world({});
    expect(must(await prepare()).instance.devices[SNAPSHOT]).not.toHaveProperty('shift');
  });

  it('have a root disk of the size that the job may use, as the profiles have it', async () => {
    const { host, prepare } = await world({ limits: { disk: '5GiB' }, extraProfiles: ['big'] });
    host.incus.world.addProfile('default', 'big', { disk0: { type: 'disk', path: '/', pool: 'fast' } });
    expect(must(await prepare()).instance.devices['disk0']).toEqual({
      type: 'disk',
      path: '/',
      pool: 'fast',
      size: '5GiB',
    });
  });

  it.each([
    ['container', '36 1 8:1 / / rw - ext4 /dev/sda1 rw', false],
    [
      'container',
      '36 1 8:1 / / rw - ext4 /dev/sda1 rw,prjquota\n37 36 8:2 / /var rw - ext4 /dev/sdb rw',
      false,
    ],
    [
      'container',
      '36 1 8:1 / / rw - ext4 /dev/sda1 rw\n37 36 8:2 / /var/lib rw - xfs /dev/sdb rw,prjquota',
      true,
    ],
    ['virtual-machine', '36 1 8:1 / / rw - ext4 /dev/sda1 rw', true],
  ] as const)(
    'are refused a limit of the disk that a dir pool would not keep (%s, %j)',
    async (instanceType, mounts, kept) => {
      const { host, prepare } = await world({ limits: { disk: '5GiB' }, instanceType });
      host.incus.world.pools.set('slow', { name: 'slow', driver: 'dir', config: {} });
      host.incus.world.addProfile('default', 'default', { root: { type: 'disk', path: '/', pool: 'slow' } });
      must(await host.hostFiles.makeDirectory('/proc/self'));
      must(await host.hostFiles.writeFile('/proc/self/mountinfo', Buffer.from(`${mounts}\n`)));
      const prepared = await prepare();
      if (kept) {
        must(prepared);
        return;
      }
      const fault = mustFail(prepared, 'invalid_job');
      expect(fault).toMatchObject({ field: 'job.limits.disk' });
      expect(fault.message).toMatch(
        /^limits\.disk is 5GiB, and the pool slow has the driver dir on a file system without/,
      );
    },
  );

  it('cannot be limited where no profile has a root disk', async () => {
    const { host, prepare } = await world({ limits: { disk: '5GiB' } });
    host.incus.world.addProfile('default', 'default', {});
    expect(mustFail(await prepare(), 'invalid_job').field).toBe('job.limits.disk');
  });
});

describe('a machine', () => {
  it('outlives a restart of its host, is limited as the job says, and carries its lease', async () => {
    const { host, context, launch } = await world({ limits: { cpu: 2, memory: '1GiB', processes: 50 } });
    must(await launch());
    const [instance] = host.incus.allInstances;
    expect(instance).toMatchObject({ name: context.incusInstanceName, status: 'Running', ephemeral: false });
    expect(instance?.config).toMatchObject({
      'limits.cpu': '2',
      'limits.memory': '1GiB',
      'limits.processes': '50',
      'security.guestapi': 'false',
    });
    expect(readLease(instance?.config ?? {})).toMatchObject({ runId: 'run', jobId: 'job', owner: 'me' });
  });

  const limitsOf = async (...args: Parameters<typeof world>) => {
    const made = await world(...args);
    made.host.incus.world.addProfile('default', 'own', {}, { 'limits.memory': '2GiB' });
    const { config } = must(await made.prepare()).instance;
    return [config?.['limits.cpu'], config?.['limits.memory'], config?.['limits.processes']];
  };

  it.each<[string, Parameters<typeof world>, (string | undefined)[]]>([
    ['nobody says anything', [], [undefined, '80%', '8192']],
    ['a profile has some', [{ extraProfiles: ['own'] }], [undefined, undefined, '8192']],
    ['the configuration has some', [{}, {}, { cpu: 4, memory: '3GiB' }], ['4', '3GiB', '8192']],
    [
      'the job has its own',
      [{ limits: { memory: '1GiB' } }, {}, { memory: '3GiB', processes: 9 }],
      [undefined, '1GiB', '9'],
    ],
    ['it is a virtual machine', [{ instanceType: 'virtual-machine' }], [undefined, undefined, undefined]],
  ])('is never without limits that keep it from taking the host down: %s', async (_, args, limits) => {
    expect(await limitsOf(...args)).toEqual(limits);
  });

  it('has the disk that the configuration gives to each', async () => {
    const { host, prepare } = await world({}, {}, { disk: '9GiB' });
    host.incus.world.addProfile('default', 'default', { root: { type: 'disk', path: '/', pool: 'p' } });
    expect(must(await prepare()).instance.devices['root']).toMatchObject({ size: '9GiB' });
  });

  it('that is there already is left to whoever made it', async () => {
    const { host, launch } = await world();
    must(await launch());
    mustFail(await launch(), 'run_exists');
    expect(host.incus.allInstances).toHaveLength(1);
  });

  it('whose answer was lost goes, but not once another runner has taken it up', async () => {
    for (const takenUp of [false, true]) {
      const { host, launch } = await world();
      const { createInstance } = host.incus;
      Object.assign(host.incus, {
        createInstance: async (...args: Parameters<typeof createInstance>) => {
          must(await createInstance(...args));
          const [instance] = host.incus.allInstances;
          if (takenUp && instance !== undefined)
            instance.config = { ...instance.config, 'user.pikaci.owner': 'another' };
          return err({
            kind: 'connection_lost',
            host: 'memory',
            tried: 'POST',
            status: null,
            message: 'cut',
          });
        },
      });
      expect((await launch()).isErr()).toBe(true);
      expect(host.incus.allInstances).toHaveLength(takenUp ? 1 : 0);
    }
  });

  it('that does not start leaves nothing', async () => {
    const { host, launch } = await world();
    host.incus.faults.failNextStart();
    mustFail(await launch(), 'incus');
    expect(host.incus.allInstances).toEqual([]);
  });

  it('is made without idmapped mounts where they are refused', async () => {
    const { host, launch } = await world({ writableWorkspace: true });
    host.incus.world.project('default', '').map((project) =>
      Object.assign(project, {
        config: {
          restricted: 'true',
          'restricted.devices.disk': 'allow',
          'restricted.devices.disk.paths': '/var/pikaci',
        },
      }),
    );
    must(await launch());
    const [instance] = host.incus.allInstances;
    expect(instance?.devices[SNAPSHOT]).not.toHaveProperty('shift');
  });

  it('is removed when its making is cancelled', async () => {
    const { host, launch } = await world();
    const stop = new AbortController();
    const held = host.incus.faults.holdNextCreate();
    const launching = launch(stop.signal);
    await held.reached;
    stop.abort();
    held.release();
    mustFail(await launching, 'cancelled');
    expect(host.incus.allInstances).toEqual([]);
  });

  for (const [kind, more] of [
    ['project_not_found', { incusProject: 'nowhere' }],
    ['image_not_found', { incusImageAlias: 'nothing' }],
  ] as const) {
    it(`that lacks something on the host says which: ${kind}`, async () => {
      const { image } = await world({}, more);
      mustFail(await image(), kind);
    });
  }

  it('that lacks its profile says so', async () => {
    const { prepare } = await world({}, { incusProfile: 'nobody' });
    expect(mustFail(await prepare(), 'profile_not_found').message).toContain('incus profile create nobody');
  });
});

describe('a machine for what is not trusted', () => {
  it('asks for its profile once, and judges what it has got', async () => {
    const { host, prepare } = await world({}, {}, {}, 'untrusted');
    const asked = vi.spyOn(host.incus, 'profile');
    host.incus.world.addProfile('default', 'default', {}, { 'security.privileged': 'true' });
    expect(mustFail(await prepare(), 'not_trusted').message).toContain('makes privileged containers');
    expect(asked).toHaveBeenCalledTimes(1);
  });

  it('has no profiles of its own choice, and none of them is asked for', async () => {
    const { host, prepare } = await world({ extraProfiles: ['big'] }, {}, {}, 'untrusted');
    const asked = vi.spyOn(host.incus, 'profile');
    const fault = mustFail(await prepare(), 'not_trusted');
    expect([fault.field, asked.mock.calls]).toEqual(['job.extraProfiles', []]);
  });
});
