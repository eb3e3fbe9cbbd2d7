import { afterAll, beforeAll, describe, it } from 'vitest';
import { Ssh2CommandDialer } from '../../src/adapters/ssh2/command-dialer.js';
import type { Ssh2Connection } from '../../src/adapters/ssh2/connection.js';
import { Ssh2StreamlocalDialer } from '../../src/adapters/ssh2/streamlocal-dialer.js';
import { socketDialerContract } from '../../src/testing/contract/socket-dialer.js';
import { startEchoServer } from '../support/echo-server.js';
import { connectionTo } from '../support/ssh-connection.js';
import { startSshd, type TestSshd } from '../support/sshd.js';

let sshd: TestSshd;
let connection: Ssh2Connection;

beforeAll(async () => {
  sshd = await startSshd();
  connection = connectionTo(sshd, { timing: { killGraceMs: 200 } });
});

afterAll(async () => {
  await connection[Symbol.asyncDispose]();
  await sshd.stop();
});

socketDialerContract(
  { describe, it },
  'the dialer of a unix socket over SSH',
  async () => {
    const server = await startEchoServer();
    return {
      ...server,
      echo: new Ssh2StreamlocalDialer(connection, server.path),
      nowhere: new Ssh2StreamlocalDialer(connection, server.missing),
    };
  },
  { failsWhenDialled: true },
);

socketDialerContract(
  { describe, it },
  'the dialer of a command over SSH',
  async () => ({
    echo: new Ssh2CommandDialer(connection, ['cat']),
    nowhere: new Ssh2CommandDialer(connection, ['sh', '-c', 'echo no such socket >&2; exit 1']),
    [Symbol.asyncDispose]: async () => {},
  }),
  { failsWhenDialled: false },
);
