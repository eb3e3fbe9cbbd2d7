import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import type { Ssh2Connection } from '../../src/adapters/ssh2/connection.js';
import { SftpFileStore } from '../../src/adapters/ssh2/sftp-file-store.js';
import { fileStoreContract } from '../../src/testing/contract/file-store.js';
import { connectionTo } from '../support/ssh-connection.js';
import { startSshd, type TestSshd } from '../support/sshd.js';

let sshd: TestSshd;
let connection: Ssh2Connection;
let store: SftpFileStore;

beforeAll(async () => {
  sshd = await startSshd();
  connection = connectionTo(sshd);
  store = new SftpFileStore(connection);
});

afterAll(async () => {
  await store[Symbol.asyncDispose]();
  await connection[Symbol.asyncDispose]();
  await sshd.stop();
});

fileStoreContract(
  { describe, it },
  'the file store over SFTP',
  async () => {
    // The server runs on this machine, so that the tests can prepare its files directly.
    const directory = await mkdtemp(join(tmpdir(), 'pikaci-sftp-'));
    return {
      store,
      directory,
      link: symlink,
      [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
    };
  },
  { modes: true },
);
