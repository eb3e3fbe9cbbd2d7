import { RestIncusApi } from '../../src/adapters/incus/rest-incus-api.js';
import { LocalShell } from '../../src/adapters/local/shell.js';
import { Ssh2Connection } from '../../src/adapters/ssh2/connection.js';
import type { SshTiming } from '../../src/adapters/ssh2/options.js';
import { SftpFileStore } from '../../src/adapters/ssh2/sftp-file-store.js';
import { Ssh2Shell } from '../../src/adapters/ssh2/shell.js';
import { Ssh2StreamlocalDialer } from '../../src/adapters/ssh2/streamlocal-dialer.js';
import type { HostUnderTest } from './host-under-test.js';

/** What reaches a host over one connection of its own, for a test's own looks at it or as adapters with other timings. */
export interface HostConnection extends AsyncDisposable {
  readonly shell: Ssh2Shell;
  readonly hostFiles: SftpFileStore;
  readonly incus: RestIncusApi;
}

export function connectTo(host: HostUnderTest, timing: Partial<SshTiming> = {}): HostConnection {
  const connection = new Ssh2Connection({
    host: host.host,
    port: host.port,
    user: host.user,
    identityFile: host.identityFile,
    knownHostsFiles: [host.knownHostsFile],
    agent: null,
    configFile: null,
    timing,
  });
  const local = new LocalShell();
  const shell = new Ssh2Shell(connection, local);
  const hostFiles = new SftpFileStore(connection);
  const dialer = new Ssh2StreamlocalDialer(connection, '/var/lib/incus/unix.socket');
  const incus = new RestIncusApi({ dialer, host: connection.host });
  return {
    shell,
    hostFiles,
    incus,
    [Symbol.asyncDispose]: async () => {
      for (const part of [incus, hostFiles, shell, local, connection]) await part[Symbol.asyncDispose]();
    },
  };
}
