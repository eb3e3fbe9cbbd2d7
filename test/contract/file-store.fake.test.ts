import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { MemoryFileStore } from '../../src/adapters/memory/memory-file-store.js';
import { NodeFileStore } from '../../src/adapters/node/node-file-store.js';
import { fileStoreContract } from '../../src/testing/contract/file-store.js';

fileStoreContract(
  { describe, it },
  'the file store of this machine',
  async () => {
    const directory = await mkdtemp(join(tmpdir(), 'pikaci-files-'));
    return {
      store: new NodeFileStore(),
      directory,
      link: symlink,
      [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
    };
  },
  { modes: true, byteNames: true },
);

fileStoreContract(
  { describe, it },
  'the file store in memory',
  async () => {
    const store = new MemoryFileStore();
    await store.makeDirectory('/srv');
    return {
      store,
      directory: '/srv',
      link: async (target, path) => store.link(target, path),
      [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
    };
  },
  { modes: true, byteNames: true },
);
