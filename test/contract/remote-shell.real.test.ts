import { afterAll, beforeAll, describe, it } from 'vitest';
import { LocalShell } from '../../src/adapters/local/shell.js';
import type { Ssh2Connection } from '../../src/adapters/ssh2/connection.js';
import { Ssh2Shell } from '../../src/adapters/ssh2/shell.js';
import { remoteShellContract } from '../../src/testing/contract/remote-shell.js';
import { connectionTo } from '../support/ssh-connection.js';
import { startSshd, type TestSshd } from '../support/sshd.js';
import { twoDirectories } from '../support/two-directories.js';

let sshd: TestSshd;
let connection: Ssh2Connection;

beforeAll(async () => {
  sshd = await startSshd(['MaxSessions 10']);
  connection = connectionTo(sshd, { timing: { killGraceMs: 200 } });
});

afterAll(async () => {
  await connection[Symbol.asyncDispose]();
  await sshd.stop();
});

remoteShellContract(
  { describe, it },
  'the shell over SSH',
  async () => ({ ...(await twoDirectories()), shell: new Ssh2Shell(connection, new LocalShell()) }),
  { processes: true },
);
