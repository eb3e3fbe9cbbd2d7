import { describe, it } from 'vitest';
import { MemoryFileStore } from '../../src/adapters/memory/memory-file-store/memory-file-store.js';
import { must } from '../../src/testing/contract/expect-result.js';
import { fileStoreContract } from '../../src/testing/contract/file-store.js';

fileStoreContract(
  { describe, it },
  'the file store in memory',
  async () => {
    const store = new MemoryFileStore();
    must(await store.makeDirectory('/test/here'));
    return {
      store,
      directory: '/test/here',
      link: async (target, path) => store.link(target, path),
      [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
    };
  },
  { modes: true },
);
