import { readFileSync } from 'node:fs';
import { HttpsDialer } from '../../src/adapters/incus/dial/https-dialer.js';
import { RestIncusApi } from '../../src/adapters/incus/rest-incus-api.js';
import { incusApiContract } from '../../src/testing/contract/incus-api/incus-api.js';
import { hostOfWorker } from '../support/host-of-worker.js';
import { vitestRunner } from '../support/vitest-runner.js';

/** The fields of the disposable host's line that this suite uses. */
interface Host {
  readonly httpsUrl: string;
  readonly clientCertFile: string;
  readonly clientKeyFile: string;
  readonly serverCertFile: string;
  readonly project: string;
  readonly profile: string;
  readonly image: string;
}

const host: Host = hostOfWorker();

function connect(): RestIncusApi {
  const dialer = new HttpsDialer({
    url: host.httpsUrl,
    clientCert: readFileSync(host.clientCertFile, 'utf8'),
    clientKey: readFileSync(host.clientKeyFile, 'utf8'),
    server: { pem: readFileSync(host.serverCertFile, 'utf8') },
  });
  return new RestIncusApi({ dialer, host: host.httpsUrl });
}

incusApiContract(
  vitestRunner,
  'a real daemon over HTTPS',
  async () => {
    const api = connect();
    const profile = await api.profile(host.project, host.profile);
    const root = profile.isOk() ? profile.value.value.devices['root'] : undefined;
    return {
      api,
      project: host.project,
      profiles: [host.profile],
      imageAlias: host.image,
      pool: root?.['pool'] ?? 'default',
      another: async () => connect(),
      dispose: () => api[Symbol.asyncDispose](),
    };
  },
  { bulkBytes: 200_000_000, realGuest: true },
);
