import { MemoryIncus } from '../../src/adapters/memory/memory-incus/memory-incus.js';
import { incusApiContract } from '../../src/testing/contract/incus-api/incus-api.js';
import { vitestRunner } from '../support/vitest-runner.js';

incusApiContract(
  vitestRunner,
  'in memory',
  async () => {
    const api = new MemoryIncus({ hostHasPath: (path) => !path.startsWith('/no/') });
    api.world.addImage('default', 'pikaci/dev');
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
