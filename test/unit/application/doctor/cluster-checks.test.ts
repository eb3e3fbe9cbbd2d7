import { describe, expect, it } from 'vitest';
import { memoryMember } from '../../../../src/adapters/memory/memory-incus/memory-cluster.js';
import { MemoryIncus } from '../../../../src/adapters/memory/memory-incus/memory-incus.js';
import { checkMembers } from '../../../../src/application/doctor/cluster-checks.js';
import { HeldClock } from '../../../support/held-clock.js';

const members = [
  memoryMember('m1', { roles: ['database-leader', 'database'] }),
  memoryMember('m2', { statuses: { br0: 'Unavailable' }, groups: ['default', 'fast'] }),
  memoryMember('m3', { status: 'Evacuated', message: 'Unavailable due to maintenance' }),
  memoryMember('m4', { config: { 'scheduler.instance': 'manual' }, statuses: { default: 'Pending' } }),
];

async function looked(answering: string) {
  const incus = new MemoryIncus();
  incus.world.cluster = { answering, members: new Map(members.map((one) => [one.name, one])) };
  incus.world.networks.set('br0', { name: 'br0', type: 'bridge', managed: true, config: {} });
  incus.world.addProfile('default', 'default', {
    root: { type: 'disk', path: '/', pool: 'default' },
    eth0: { type: 'nic', network: 'br0' },
  });
  const clock = new HeldClock(0);
  const at = { incus, clock, project: 'default', profile: 'default', answering, boundMs: 1000 };
  return await checkMembers(at, new AbortController().signal);
}

describe('the members of a cluster', () => {
  it('are shown with roles, groups and what they have', async () => {
    const [m1] = await looked('m1');
    expect(m1).toEqual({
      name: 'member',
      status: 'ok',
      detail:
        'm1 at m1.example, x86_64, roles database-leader, database, groups default; 4 cores; 8.0 of 8.0 GiB of memory free; network br0',
      remedy: null,
    });
  });

  it('lack what only they themselves say, and have a remedy for it', async () => {
    const [, m2, m3, m4] = await looked('m1');
    expect([m2?.status, m2?.remedy]).toEqual(['warning', 'incus network show br0 --target m2']);
    expect(m2?.detail).toMatch(/groups default, fast;.* missing: the network br0 \(Unavailable\)/);
    expect([m3?.status, m3?.remedy]).toEqual(['warning', 'incus cluster restore m3']);
    expect(m3?.detail).toMatch(/evacuated: Unavailable due to maintenance/);
    expect(m4?.detail).toMatch(/scheduler\.instance manual; .*missing: the storage pool default \(Pending\)/);
  });

  it('fail where the host itself is such a member', async () => {
    const statuses = (await looked('m2')).map(({ status }) => status);
    expect(statuses).toEqual(['ok', 'failed', 'warning', 'warning']);
  });
});
