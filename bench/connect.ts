import { RestIncusApi } from '../src/adapters/incus/rest-incus-api.js';
import { Ssh2Connection } from '../src/adapters/ssh2/connection.js';
import { Ssh2StreamlocalDialer } from '../src/adapters/ssh2/streamlocal-dialer.js';
import { createPikaci, type Pikaci, type PikaciConfigInput } from '../src/index.js';
import type { IncusApi } from '../src/ports/incus-api.js';
import type { ReachedHost } from './host.js';
import { value } from './value.js';

export interface BareApi extends AsyncDisposable {
  readonly incus: IncusApi;
}

export function openConnection(host: ReachedHost): Ssh2Connection {
  return new Ssh2Connection({
    host: host.host,
    port: host.port,
    user: host.user,
    identityFile: host.identityFile,
    knownHostsFiles: [host.knownHostsFile],
    agent: null,
    configFile: null,
  });
}

/** The API object that pikaci uses, over a connection made in the same way, and nothing on top of it. */
export function bareApi(host: ReachedHost): BareApi {
  const connection = openConnection(host);
  const dialer = new Ssh2StreamlocalDialer(connection, '/var/lib/incus/unix.socket');
  const incus = new RestIncusApi({ dialer, host: connection.host });
  return {
    incus,
    async [Symbol.asyncDispose]() {
      await incus[Symbol.asyncDispose]();
      await connection[Symbol.asyncDispose]();
    },
  };
}

export function connectPikaci(
  host: ReachedHost,
  stateRoot: string,
  backend: 'incus' | 'microvm' = 'incus',
  more: Partial<PikaciConfigInput> = {},
): Pikaci {
  return value(
    createPikaci({
      host: {
        ssh: `${host.user}@${host.host}:${host.port}`,
        identityFile: host.identityFile,
        knownHostsFile: host.knownHostsFile,
        agent: false,
        sshConfigFile: false,
      },
      backend,
      microvm: { runner: host.microvmRunner },
      incus: { project: host.project, profile: host.profile, image: host.image },
      workDir: host.workDir,
      stateRoot,
      ...more,
    }),
    'create pikaci',
  );
}
