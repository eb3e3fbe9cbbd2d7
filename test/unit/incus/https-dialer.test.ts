import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HttpsDialer } from '../../../src/adapters/incus/dial/https-dialer.js';
import type { PinnedCertificate } from '../../../src/adapters/incus/dial/pinned-certificate.js';

const pem = (name: string): string =>
  readFileSync(new URL(`../../fixtures/tls/${name}`, import.meta.url), 'utf8');

describe('dialing over HTTPS', () => {
  let server: Server;
  let url = '';
  const taken: TLSSocket[] = [];
  beforeAll(async () => {
    server = createServer(
      { cert: pem('server.crt'), key: pem('server.key'), requestCert: true, rejectUnauthorized: false },
      (socket) => {
        taken.push(socket);
        socket.on('error', () => undefined).on('data', (data) => socket.write(data));
      },
    ).listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    for (const socket of taken) socket.destroy();
    server.close();
  });

  const dial = (pinned: PinnedCertificate, signal?: AbortSignal) =>
    new HttpsDialer({
      url,
      clientCert: pem('client.crt'),
      clientKey: pem('client.key'),
      server: pinned,
    }).dial(signal ? { signal } : {});
  const { fingerprint256 } = new X509Certificate(pem('server.crt'));

  it.each([
    ['its PEM', { pem: pem('server.crt') }],
    ['its fingerprint', { fingerprint: fingerprint256 }],
    ['its fingerprint as Incus writes it', { fingerprint: fingerprint256.replaceAll(':', '').toLowerCase() }],
  ])('takes the server that is known by %s, and shows the client certificate', async (_how, pinned) => {
    const stream = (await dial(pinned))._unsafeUnwrap();
    stream.write('hello');
    const [echoed] = (await once(stream, 'data')) as [Buffer];
    expect(echoed.toString()).toBe('hello');
    expect(taken.at(-1)?.getPeerCertificate().subject.CN).toBe('client.test');
    stream.destroy();
  });

  it('refuses a server with another certificate, and tells which one it showed', async () => {
    const fault = (await dial({ pem: pem('other.crt') }))._unsafeUnwrapErr();
    const fingerprint = fingerprint256.replaceAll(':', '').toLowerCase();
    expect(fault).toMatchObject({ kind: 'host_key_refused', reason: 'mismatch', fingerprint });
  });

  it.each([{ pem: 'no certificate' }, { fingerprint: '' }, { fingerprint: 'abc' }])(
    'refuses every server when the pin cannot be read: %j',
    async (pinned) => {
      expect((await dial(pinned))._unsafeUnwrapErr().kind).toBe('host_key_refused');
    },
  );

  it('gives up when the caller does', async () => {
    expect((await dial({ fingerprint: fingerprint256 }, AbortSignal.abort()))._unsafeUnwrapErr().kind).toBe(
      'aborted',
    );
  });

  it('is unreachable where nobody listens, and where nobody speaks TLS', async () => {
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    const parts = {
      clientCert: pem('client.crt'),
      clientKey: pem('client.key'),
      server: { pem: pem('server.crt') },
    };
    const nobody = new HttpsDialer({ url: `https://127.0.0.1:${port}`, ...parts });
    expect((await nobody.dial())._unsafeUnwrapErr().kind).toBe('unreachable');
  });
});
