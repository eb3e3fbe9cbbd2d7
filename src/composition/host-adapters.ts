import { HttpsDialer } from '../adapters/incus/dial/https-dialer.js';
import { RestIncusApi } from '../adapters/incus/rest-incus-api.js';
import { LocalCommandDialer } from '../adapters/local/command-dialer.js';
import { LocalShell } from '../adapters/local/shell.js';
import { UnixSocketDialer } from '../adapters/local/unix-socket-dialer.js';
import { NodeFileStore } from '../adapters/node/node-file-store.js';
import { Ssh2CommandDialer } from '../adapters/ssh2/command-dialer.js';
import { Ssh2Connection } from '../adapters/ssh2/connection.js';
import type { Ssh2Options } from '../adapters/ssh2/options.js';
import { SftpFileStore } from '../adapters/ssh2/sftp-file-store.js';
import { Ssh2Shell } from '../adapters/ssh2/shell.js';
import { Ssh2StreamlocalDialer } from '../adapters/ssh2/streamlocal-dialer.js';
import type { IncusTransport, PikaciConfig, SshHostConfig } from '../domain/config/config.js';
import type { FileStore } from '../ports/file-store.js';
import type { IncusApi } from '../ports/incus-api.js';
import type { RemoteShell } from '../ports/remote-shell.js';
import type { SocketDialer } from '../ports/socket-dialer.js';
import { FileBackedDialer } from './file-backed-dialer.js';

/** One host as the configuration names it, with what has to be closed, in order. */
export interface HostAdapters {
  readonly shell: RemoteShell;
  readonly hostFiles: FileStore;
  readonly incus: IncusApi;
  readonly closing: readonly AsyncDisposable[];
}

export interface Place {
  /** Makes a path of the configuration absolute. */
  readonly path: (path: string) => string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Hosts on the way to one, more than people have. */
const HOPS = 4;
/** For a socket, once there is a connection. */
const SOCKET_MS = 30_000;

/** `jumps` are hosts on the way; none where the SSH configuration says them. */
export function hostAdapters(
  config: PikaciConfig,
  place: Place,
  jumps: readonly string[] = [],
): HostAdapters {
  if (config.host === 'local') return localHost(config, place);
  return sshHost(config, config.host, { ...place, jumps });
}

function localHost(config: PikaciConfig, place: Place): HostAdapters {
  const shell = new LocalShell();
  const hostFiles = new NodeFileStore();
  const dialer = dialerOf(config.incus.transport, place, {
    socket: (path) => new UnixSocketDialer(path),
    command: (argv) => new LocalCommandDialer(argv),
  });
  const incus = new RestIncusApi({ dialer, host: shell.host });
  return { shell, hostFiles, incus, closing: [incus, hostFiles, shell] };
}

function sshHost(
  config: PikaciConfig,
  host: SshHostConfig,
  place: Place & { readonly jumps: readonly string[] },
): HostAdapters {
  const local = new LocalShell();
  const connection = new Ssh2Connection({
    ...sshOptions(host, place),
    ...(place.jumps.length === 0 ? {} : { jumps: place.jumps }),
    local: { shell: local, dial: (argv, env) => new LocalCommandDialer(argv, env) },
  });
  const shell = new Ssh2Shell(connection, local);
  const hostFiles = new SftpFileStore(connection);
  const dialer = dialerOf(config.incus.transport, place, {
    socket: (path) => new Ssh2StreamlocalDialer(connection, path),
    command: (argv) => new Ssh2CommandDialer(connection, argv),
  });
  // The connection has bounds of its own for each host on the way, and says what is wrong.
  const dialTimeoutMs = host.connectTimeoutSecs * 1000 * HOPS + SOCKET_MS;
  const incus = new RestIncusApi({ dialer, host: connection.host, dialTimeoutMs });
  return { shell, hostFiles, incus, closing: [incus, hostFiles, shell, local, connection] };
}

function dialerOf(
  transport: IncusTransport,
  place: Place,
  make: {
    readonly socket: (path: string) => SocketDialer;
    readonly command: (argv: [string, ...string[]]) => SocketDialer;
  },
): SocketDialer {
  switch (transport.via) {
    case 'socket':
      return make.socket(transport.path);
    case 'command':
      return make.command(transport.argv as [string, ...string[]]);
    case 'https':
      return new FileBackedDialer(
        transport.url,
        [transport.clientCertFile, transport.clientKeyFile, transport.serverCertFile].map(place.path),
        ([clientCert = '', clientKey = '', server = '']) =>
          new HttpsDialer({ url: transport.url, clientCert, clientKey, server: { pem: server } }),
      );
  }
}

/** `user@host:port`, checked by the schema. */
function sshOptions(host: SshHostConfig, { path, env }: Place): Ssh2Options {
  const at = host.ssh.lastIndexOf('@');
  const address = host.ssh.slice(at + 1);
  const colon = address.lastIndexOf(':');
  const hasPort = colon > address.lastIndexOf(']') && colon !== -1;
  const name = (hasPort ? address.slice(0, colon) : address).replace(/^\[|\]$/g, '');
  const passphrase = host.passphraseEnv === undefined ? undefined : env[host.passphraseEnv];
  return {
    host: name,
    ...(at === -1 ? {} : { user: host.ssh.slice(0, at) }),
    ...(hasPort ? { port: Number(address.slice(colon + 1)) } : {}),
    ...(host.identityFile === undefined ? {} : { identityFile: path(host.identityFile) }),
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(host.knownHostsFile === undefined ? {} : { knownHostsFiles: [path(host.knownHostsFile)] }),
    ...(host.agent === undefined ? {} : { agent: host.agent === false ? null : path(host.agent) }),
    ...(host.sshConfigFile === undefined
      ? {}
      : { configFile: host.sshConfigFile === false ? null : path(host.sshConfigFile) }),
    timing: { handshakeMs: host.connectTimeoutSecs * 1000 },
  };
}
