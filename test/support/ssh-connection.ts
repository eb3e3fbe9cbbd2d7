import { Ssh2Connection } from '../../src/adapters/ssh2/connection.js';
import type { Ssh2Options } from '../../src/adapters/ssh2/options.js';
import type { TestSshd } from './sshd.js';

/** What reaches a test server with nothing taken from the machine that the tests run on. */
export function optionsFor(sshd: TestSshd, more: Partial<Ssh2Options> = {}): Ssh2Options {
  return {
    host: '127.0.0.1',
    port: sshd.port,
    user: sshd.user,
    identityFile: sshd.identityFile,
    knownHostsFiles: [sshd.knownHostsFile],
    agent: null,
    configFile: null,
    environment: { home: sshd.directory, user: sshd.user, authSock: null },
    ...more,
  };
}

export function connectionTo(sshd: TestSshd, more: Partial<Ssh2Options> = {}): Ssh2Connection {
  return new Ssh2Connection(optionsFor(sshd, more));
}
