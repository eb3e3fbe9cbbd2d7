import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { MemoryFileStore } from '../../src/adapters/memory/memory-file-store.js';
import { MemoryLogReader } from '../../src/adapters/memory/memory-log-reader.js';
import { NodeFileStore } from '../../src/adapters/node/node-file-store.js';
import { NodeLogReader } from '../../src/adapters/node/node-log-reader.js';
import { logReaderContract } from '../../src/testing/contract/log-reader.js';

logReaderContract({ describe, it }, 'the log reader of this machine', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'pikaci-logs-'));
  return {
    reader: new NodeLogReader(),
    store: new NodeFileStore(),
    directory,
    link: symlink,
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
});

logReaderContract({ describe, it }, 'the log reader in memory', async () => {
  const store = new MemoryFileStore();
  await store.makeDirectory('/srv');
  return {
    reader: new MemoryLogReader(store),
    store,
    directory: '/srv',
    link: async (target, path) => store.link(target, path),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
});
