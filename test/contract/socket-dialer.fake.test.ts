import { describe, it } from 'vitest';
import { LocalCommandDialer } from '../../src/adapters/local/command-dialer.js';
import { UnixSocketDialer } from '../../src/adapters/local/unix-socket-dialer.js';
import { socketDialerContract } from '../../src/testing/contract/socket-dialer.js';
import { startEchoServer } from '../support/echo-server.js';

socketDialerContract(
  { describe, it },
  'the dialer of a unix socket of this machine',
  async () => {
    const server = await startEchoServer();
    return {
      ...server,
      echo: new UnixSocketDialer(server.path),
      nowhere: new UnixSocketDialer(server.missing),
    };
  },
  { failsWhenDialled: true },
);

socketDialerContract(
  { describe, it },
  'the dialer of a command of this machine',
  async () => ({
    echo: new LocalCommandDialer(['cat']),
    nowhere: new LocalCommandDialer(['sh', '-c', 'echo no such socket >&2; exit 1']),
    [Symbol.asyncDispose]: async () => {},
  }),
  { failsWhenDialled: false },
);
