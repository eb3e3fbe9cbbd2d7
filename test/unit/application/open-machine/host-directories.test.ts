import { describe, expect, it } from 'vitest';
import { whyNot } from '../../../../src/application/machine/incus/waiting-instance.js';
import type { PikaciConfigInput } from '../../../../src/index.js';
import { must, mustFail } from '../../../../src/testing/contract/expect-result.js';
import { memoryRun } from '../memory-run.js';

const OWNER = { uid: 1001, gid: 1002 };

async function host(config: Partial<PikaciConfigInput> = {}) {
  const run = await memoryRun();
  must(await run.host.hostFiles.makeDirectory('/srv/work'));
  return { run, pikaci: run.another(config) };
}

describe('directories of the host in a machine', () => {
  it('are its disks, and root of the machine is their owner on the host', async () => {
    const { run, pikaci } = await host();
    await using machine = must(
      await pikaci.openMachine({
        hostDirectories: [
          { source: '/srv/work', path: '/w', readOnly: false },
          { source: '/srv', path: '/w/around' },
        ],
        hostOwner: OWNER,
      }),
    );
    const [instance] = must(await run.host.incus.instances('default'));
    expect(Object.values(instance?.devices ?? {})).toEqual(
      expect.arrayContaining([
        { type: 'disk', source: '/srv/work', path: '/w', readonly: 'false' },
        { type: 'disk', source: '/srv', path: '/w/around', readonly: 'true' },
      ]),
    );
    expect(instance?.config['raw.idmap']).toBe('uid 1001 0\ngid 1002 0');
    expect(machine.spec.hostOwner).toEqual(OWNER);
  });

  it.each([
    ['a place of the supervisor', { hostDirectories: [{ source: '/srv', path: '/artifacts/x' }] }],
    ['the workspace', { hostDirectories: [{ source: '/srv', path: '/workspace' }] }],
    ['the whole machine', { hostDirectories: [{ source: '/srv', path: '/' }] }],
    ['a path that is not normalised', { hostDirectories: [{ source: '/srv/../etc', path: '/w' }] }],
    ['two in one place', { hostDirectories: [1, 2].map(() => ({ source: '/srv', path: '/w' })) }],
    ['nobody’s files', { hostDirectories: [{ source: '/srv', path: '/w', readOnly: false }] }],
    ['root as owner', { hostOwner: { uid: 0, gid: 1 } }],
    ['root’s group as owner', { hostOwner: { uid: 1, gid: 0 } }],
    ['a virtual machine', { hostOwner: OWNER, instanceType: 'virtual-machine' as const }],
  ])('are refused: %s', async (_, spec) => {
    const { pikaci } = await host();
    expect(mustFail(await pikaci.openMachine(spec), 'invalid_machine').field).toMatch(/^host/);
  });

  it('are refused where there is none, on microVMs, and to what is not trusted', async () => {
    const hostDirectories = [{ source: '/srv/none', path: '/w' }];
    const missing = await (await host()).pikaci.openMachine({ hostDirectories });
    expect(mustFail(missing, 'invalid_job').message).toContain('hostDirectories.0.source: /srv/none');
    const microvm = await host({ backend: 'microvm', microvm: { runner: '/r' } });
    mustFail(await microvm.pikaci.openMachine({ hostDirectories }), 'invalid_machine');
    const incus = { untrustedProfile: 'fenced' };
    for (const spec of [{ hostDirectories }, { hostOwner: OWNER }]) {
      const { pikaci } = await host({ trust: 'untrusted', incus });
      mustFail(await pikaci.openMachine(spec), 'not_trusted');
    }
  });

  it('need a machine of their own: one that waits has the users that it was started with', () => {
    const source = { fingerprint: 'f' };
    const config = { 'volatile.base_image': 'f' };
    const waits = { type: 'container', profiles: [], devices: {}, config } as never;
    const wanted = { type: 'container', profiles: [], devices: {}, source, config: {} } as never;
    expect(whyNot(waits, wanted)).toBeNull();
    const owned = { ...(wanted as object), config: { 'raw.idmap': 'uid 1001 0' } } as never;
    expect(whyNot(waits, owned)).toContain('users');
  });
});
