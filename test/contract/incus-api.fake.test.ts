import { memoryMember } from '../../src/adapters/memory/memory-incus/memory-cluster.js';
import { MemoryIncus } from '../../src/adapters/memory/memory-incus/memory-incus.js';
import { incusApiContract } from '../../src/testing/contract/incus-api/incus-api.js';
import type { IncusContractSubject } from '../../src/testing/contract/incus-api/subject.js';
import { vitestRunner } from '../support/vitest-runner.js';

for (const members of [[], ['m1', 'm2']])
  incusApiContract(
    vitestRunner,
    members.length === 0 ? 'in memory' : 'a cluster in memory',
    () => subjectWith(members),
    { bulkBytes: 0, realGuest: false },
  );

async function subjectWith(members: readonly string[]): Promise<IncusContractSubject> {
  const api = new MemoryIncus({ hostHasPath: (path) => !path.startsWith('/no/') });
  if (members.length > 0)
    api.world.cluster = {
      answering: 'm1',
      members: new Map(members.map((name) => [name, memoryMember(name)])),
    };
  api.world.addImage('default', 'pikaci/dev');
  const config = { 'ipv4.address': '10.0.0.1/24' };
  api.world.networks.set('bridge', { name: 'bridge', type: 'bridge', managed: true, config });
  api.world.addProfile('default', 'default', { eth0: { type: 'nic', network: 'bridge' } });
  return {
    api,
    project: 'default',
    profiles: ['default'],
    imageAlias: 'pikaci/dev',
    pool: 'default',
    another: async () => api.anotherConnection(),
    dispose: () => api[Symbol.asyncDispose](),
  };
}
