import { ok } from 'neverthrow';
import { describe, expect, it, test } from 'vitest';
import { MemoryFileStore } from '../../../../src/adapters/memory/memory-file-store.js';
import type { DoctorReport } from '../../../../src/application/doctor/doctor-report.js';
import { MicrovmChecks } from '../../../../src/application/doctor/microvm-checks.js';
import { checkRunner } from '../../../../src/application/doctor/runner-check.js';
import type { MicrovmHost } from '../../../../src/application/machine/microvm/microvm-host.js';
import { must } from '../../../../src/testing/contract/expect-result.js';
import { examined, type Host, incusFault, NOW } from './examined-host.js';

async function report(host: Host = {}): Promise<DoctorReport> {
  return examined(host).doctor.examine();
}

const statuses = (seen: DoctorReport) =>
  Object.fromEntries(seen.checks.map(({ name, status }) => [name, status]));
const check = (seen: DoctorReport, name: string) => seen.checks.find((one) => one.name === name);

test('on a host that is ready every check is ok, and no probe file is left', async () => {
  const { doctor, remote, local } = examined({ commandMs: 7 });
  const seen = await doctor.examine();
  expect(seen.ok).toBe(true);
  expect(statuses(seen)).toEqual({
    connection: 'ok',
    incus: 'ok',
    project: 'ok',
    profile: 'ok',
    image: 'ok',
    storage_pool: 'ok',
    work_dir: 'ok',
    mounts: 'ok',
    clock: 'ok',
    state_root: 'ok',
  });
  expect(check(seen, 'connection')?.detail).toContain('a command takes 7 ms');
  expect([...remote.files, ...local.files]).toEqual([]);
});

test('without a connection everything on the host is skipped, and the state root is still looked at', async () => {
  const seen = await report({
    shellFault: { kind: 'unreachable', host: 'ci@box:2222', tried: 'connect', message: 'refused' },
  });
  expect(seen.ok).toBe(false);
  expect(check(seen, 'connection')).toMatchObject({
    status: 'failed',
    detail: 'unreachable: refused',
    remedy: 'ssh -v -p 2222 ci@box true',
  });
  const { connection, state_root, ...others } = statuses(seen);
  expect([connection, state_root]).toEqual(['failed', 'ok']);
  expect(new Set(Object.values(others))).toEqual(new Set(['skipped']));
});

test.each([
  [
    'unknown',
    'ssh -o StrictHostKeyChecking=ask -p 2222 ci@box true   # asks before it adds the key: compare with SHA256:x',
  ],
  ['mismatch', "ssh-keygen -l -F '[box]:2222' -f '/a b/known'   # ask the host's owner before you change it"],
] as const)('a host key that is refused (%s) has a remedy', async (reason, remedy) => {
  const seen = await report({
    shellFault: {
      kind: 'host_key_refused',
      host: 'ci@box:2222',
      reason,
      fingerprint: 'SHA256:x',
      knownHostsFile: '/a b/known',
      message: 'refused',
    },
  });
  expect(check(seen, 'connection')?.remedy).toBe(remedy);
});

test.each([
  ['6.0.3', 'failed', /6\.0\.4 is the oldest/],
  ['6.0.4', 'warning', /incus#2865/],
  ['6.0.6', 'ok', /6\.0\.6/],
  ['6.10', 'ok', /6\.10/],
  ['unknown', 'warning', /cannot be read/],
])('Incus %s is %s', async (serverVersion, status, detail) => {
  const seen = check(await report({ server: { serverVersion } }), 'incus');
  expect(seen?.status).toBe(status);
  expect(seen?.detail).toMatch(detail);
});

test('an Incus that does not trust the client, or cannot create and start at once, fails', async () => {
  expect(statuses(await report({ server: { auth: 'untrusted' } }))).toMatchObject({ incus: 'failed' });
  expect(statuses(await report({ server: { apiExtensions: [] } }))).toMatchObject({ incus: 'failed' });
});

test('when the Incus socket is closed to the user, the group to join is named and the rest of Incus is skipped', async () => {
  const seen = await report({ serverFault: incusFault('permission_denied') });
  expect(check(seen, 'incus')?.remedy).toContain('usermod --append --groups incus-admin');
  expect(statuses(seen)).toMatchObject({
    project: 'skipped',
    profile: 'skipped',
    image: 'skipped',
    storage_pool: 'skipped',
    clock: 'skipped',
    work_dir: 'ok',
  });
});

test('what the configuration names and the host lacks fails with the command that makes it', async () => {
  const seen = await report({ project: null, devices: null, image: 'missing' });
  expect(check(seen, 'project')?.remedy).toBe('incus project create ci');
  expect(check(seen, 'profile')?.remedy).toBe('incus profile create job --project ci');
  expect(check(seen, 'image')?.remedy).toContain('--alias pikaci/dev --target-project ci');
  expect(statuses(seen)).toMatchObject({
    project: 'failed',
    profile: 'failed',
    image: 'failed',
    storage_pool: 'skipped',
  });
});

test.each([
  ['refuses disks unless told otherwise', {}, 'failed'],
  ['allows disks from everywhere', { 'restricted.devices.disk': 'allow' }, 'ok'],
  [
    'allows disks below another path only',
    { 'restricted.devices.disk': 'allow', 'restricted.devices.disk.paths': '/srv,/var/tmp/pika' },
    'failed',
  ],
  [
    'allows disks below a parent of the work directory',
    { 'restricted.devices.disk': 'allow', 'restricted.devices.disk.paths': '/srv, /var/tmp/' },
    'ok',
  ],
])('a restricted project that %s', async (_title, config, status) => {
  const seen = check(await report({ project: { restricted: 'true', ...config } }), 'project');
  expect(seen?.status).toBe(status);
  if (status === 'failed') expect(seen?.remedy).toMatch(/^incus project set ci .*\/var\/tmp\/pikaci/);
});

test('a profile without a root disk fails', async () => {
  const seen = await report({
    devices: { eth0: { type: 'nic' }, data: { type: 'disk', path: '/data', pool: 'p' } },
  });
  expect(check(seen, 'profile')).toMatchObject({
    status: 'failed',
    remedy: 'incus profile device add job root disk path=/ pool=default --project ci',
  });
});

test('a dir pool is a warning, and the host is still usable', async () => {
  const seen = await report({ driver: 'dir' });
  expect(check(seen, 'storage_pool')).toMatchObject({
    status: 'warning',
    detail: expect.stringContaining('containers with limits.disk are refused'),
    remedy: expect.stringContaining('incus profile device set job root pool=fast --project ci'),
  });
  expect(seen.ok).toBe(true);
});

test.each([
  ['lvm', { 'lvm.use_thinpool': 'false' }, 'the driver lvm with lvm.use_thinpool=false'],
  ['lvmcluster', {}, 'the driver lvmcluster'],
  ['zfs', { 'zfs.clone_copy': 'false' }, 'the driver zfs with zfs.clone_copy=false'],
  ['ceph', { 'ceph.rbd.clone_copy': 'false' }, 'the driver ceph with ceph.rbd.clone_copy=false'],
  ['lvm', {}, null],
  ['zfs', { 'zfs.clone_copy': 'rebase' }, null],
  ['btrfs', {}, null],
])('a pool of %s with %j copies all bytes: %s', async (driver, poolConfig, why) => {
  const seen = check(await report({ driver, poolConfig }), 'storage_pool');
  expect(seen?.status).toBe(why === null ? 'ok' : 'warning');
  if (why !== null) expect(seen?.detail).toMatch(new RegExp(`uses ${why}, which copies .* of one$`));
});

test('directories that cannot be written to fail, each with its own remedy', async () => {
  const seen = await report({ writable: false, localWritable: false });
  expect(check(seen, 'work_dir')).toMatchObject({
    status: 'failed',
    detail: '/var/tmp/pikaci on ci@box:22 cannot be written to: permission_denied: not yours',
    remedy: 'sudo install -d -m 0700 -o "$USER" /var/tmp/pikaci',
  });
  expect(check(seen, 'state_root')).toMatchObject({
    status: 'failed',
    remedy: expect.stringMatching(/^mkdir -p/),
  });
});

test.each([
  ['within five seconds', 5000, 'ok', /agrees/],
  ['ahead', 60_000, 'warning', /60 s ahead/],
  ['behind', -60_000, 'warning', /60 s behind/],
])("a host's clock that is %s", async (_title, skew, status, detail) => {
  const seen = check(await report({ server: { hostTimeMs: NOW - 500 + skew } }), 'clock');
  expect(seen?.status).toBe(status);
  expect(seen?.detail).toMatch(detail);
});

test('a check that gets no answer fails after half a minute, and the others stand', async () => {
  const { doctor, clock, imageAsked } = examined({ image: 'hangs' });
  const examining = doctor.examine();
  await imageAsked;
  // One turn of the event loop: the other checks, which wait for nothing, are over.
  await new Promise(setImmediate);
  await clock.advance(30_000);
  const seen = await examining;
  expect(check(seen, 'image')).toMatchObject({ status: 'failed', detail: 'no answer within 30 s' });
  expect(statuses(seen)).toMatchObject({ project: 'ok', work_dir: 'ok' });
});

test('an interrupt ends the examination at once, and the report is not ok', async () => {
  const { doctor, clock } = examined({ shellHangs: true });
  const stop = new AbortController();
  const examining = doctor.examine({ signal: stop.signal });
  await clock.asleepFor(30_000);
  stop.abort();
  const seen = await examining;
  expect(seen.ok).toBe(false);
  expect(check(seen, 'connection')).toMatchObject({ status: 'skipped', detail: 'interrupted' });
});

describe('a host for microVMs', () => {
  const statuses = async (host: Parameters<typeof examined>[0]) => {
    const { checks } = await examined({ backend: 'microvm', ...host }).doctor.examine();
    return Object.fromEntries(checks.map(({ name, status }) => [name, status]));
  };

  it('is looked at without Incus: the tools there, and the runner', async () => {
    expect(await statuses({ runner: '/opt/runner' })).toEqual({
      connection: 'ok',
      microvm_host: 'ok',
      microvm_runner: 'ok',
      work_dir: 'ok',
      clock: 'skipped',
      state_root: 'ok',
    });
  });

  it('is warned of when a share may hold fewer files than a workspace has, at most, or copies of caches share no blocks', async () => {
    const said = async (descriptors: string) => {
      const answer = { code: 0, name: '', complaint: '', stdout: `1700000000000\n${descriptors}` };
      const host = { ask: async () => ok(answer) } as unknown as MicrovmHost;
      const files = new MemoryFileStore();
      return new MicrovmChecks(host, files, { runner: null, flake: null }).host(new AbortController().signal);
    };
    expect(await said('descriptors 1024\n')).toMatchObject({
      timeMs: 1_700_000_000_000,
      check: {
        status: 'warning',
        detail: expect.stringContaining('1024 files open'),
        remedy: expect.stringContaining('LimitNOFILE'),
      },
    });
    expect(await said('descriptors 1048576\nreflink no\n')).toMatchObject({
      check: { status: 'warning', detail: expect.stringContaining('copies all bytes') },
    });
    for (const enough of ['descriptors 1048576\nreflink yes\n', 'descriptors 1048576\n', ''])
      expect(await said(enough)).toMatchObject({ timeMs: 1_700_000_000_000, check: { status: 'ok' } });
  });

  it('needs a runner that is named', async () => {
    expect(await statuses({})).toMatchObject({ microvm_runner: 'failed' });
  });
});

describe('whether Incus sees the work directory', () => {
  it('is looked at with a file that is there, and an instance that goes again', async () => {
    const { doctor, mounted, removed, remote } = examined();
    expect(check(await doctor.examine(), 'mounts')).toMatchObject({ status: 'ok' });
    const [instance] = mounted;
    expect(instance).toMatchObject({ start: false, source: 'none', profiles: ['job'] });
    expect(instance?.devices['mark']?.['source']).toMatch(/^\/var\/tmp\/pikaci\/\.pikaci-doctor-/);
    expect(instance?.config['user.pikaci.lease_expires_at_ms']).toBe(String(NOW + 600_000));
    expect(removed).toEqual([instance?.name]);
    expect([...remote.files]).toEqual([]);
  });

  it('fails where the daemon is on another machine, and nothing stays', async () => {
    const message = 'Failed add validation for device "mark": Missing source path "/x" for disk "mark"';
    const { doctor, remote, removed } = examined({
      mountFault: { ...incusFault('operation_failed'), message },
    });
    const seen = await doctor.examine();
    expect(seen.ok).toBe(false);
    expect(check(seen, 'mounts')).toMatchObject({ status: 'failed' });
    expect(check(seen, 'mounts')?.detail).toMatch(/on another machine/);
    expect([...remote.files]).toEqual([]);
    expect(removed).toHaveLength(1);
  });

  it('says what else Incus refuses, and what could not be removed', async () => {
    const refused = await report({ mountFault: incusFault('invalid_request') });
    expect(check(refused, 'mounts')).toMatchObject({
      status: 'failed',
      detail: 'invalid request (GET /x): no',
    });
    const stays = await report({ removeFault: incusFault('busy') });
    expect(check(stays, 'mounts')).toMatchObject({ status: 'warning' });
    expect(check(stays, 'mounts')?.remedy).toMatch(/^incus delete --force pikaci-doctor-/);
  });

  it('is not asked where the work directory cannot be written to, or the project is not there', async () => {
    for (const host of [{ writable: false }, { project: null }] satisfies Host[]) {
      const { doctor, mounted } = examined(host);
      expect(check(await doctor.examine(), 'mounts')).toMatchObject({ status: 'skipped' });
      expect(mounted).toEqual([]);
    }
  });
});

test.each([
  [
    '/dev/sda1 1000000 100 41943040 1% /var\n/dev/sda1 1000 10 990 1% /var\n',
    'ok',
    /can be written to; 40 GiB are free$/,
  ],
  [
    'tmpfs 1000000 100 524288 50% /var\ntmpfs 0 0 0 - /var\n',
    'warning',
    /only 512 MiB are free; "pikaci gc --remote"/,
  ],
  ['tmpfs 1000000 100 1023 99% /var\n', 'failed', /the disk of \S+ on ci@box:22 is full: 0 MiB are free/],
  [
    'a b 1000000 100 9000000 1% /var\na b 5 5 0 100% /var\n',
    'failed',
    /8789 MiB, but no more files, are free/,
  ],
  ['df: no such thing\n', 'ok', /can be written to$/],
] as const)('a work directory whose disk is %j is %s', async (space, status, detail) => {
  const seen = check(await report({ space }), 'work_dir');
  expect(seen?.status).toBe(status);
  expect(seen?.detail).toMatch(detail);
  expect(seen?.remedy?.startsWith('df -h ') ?? false).toBe(status !== 'ok');
});

it('says what this machine lacks, where it is told where programs are', async () => {
  const files = new MemoryFileStore();
  for (const path of ['/opt', '/opt/bin']) must(await files.makeDirectory(path));
  must(await files.writeFile('/opt/bin/git', Buffer.from('')));
  const signal = new AbortController().signal;
  expect(await checkRunner(files, ['/usr/bin', '/opt/bin'], signal)).toBeNull();
  expect(await checkRunner(files, [], signal)).toBeNull();
  expect(await checkRunner(files, ['/usr/bin'], signal)).toMatchObject({
    name: 'runner',
    status: 'warning',
    detail: expect.stringContaining('git is not on the PATH'),
  });
});
