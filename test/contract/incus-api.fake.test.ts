import { MemoryIncus } from '../../src/adapters/memory/memory-incus/memory-incus.js';
import { incusApiContract } from '../../src/testing/contract/incus-api/incus-api.js';
import { vitestRunner } from '../support/vitest-runner.js';

incusApiContract(
  vitestRunner,
  'in memory',
  async () => {
    const api = new MemoryIncus({ hostHasPath: (path) => !path.startsWith('/no/') });
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
  },
  { bulkBytes: 0, realGuest: false },
);
