import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { serve } from '../../../src/composition/serve.js';
import { RUN_ID, writeRun } from '../../support/recorded-run.js';
import { served } from '../../support/served.js';

const TOKEN = 'a-token-of-some-length';
const PATHS = [
  '/',
  '/metrics',
  `/runs/${RUN_ID}`,
  `/news/api/forge/pikaci/run/${RUN_ID}`,
  '/style.css',
  '/no',
  '/script/live.js',
  `/runs/${RUN_ID}/logs/unit/raw`,
  `/runs/${RUN_ID}/logs/unit?q=x`,
  `/runs/${RUN_ID}/artifacts/unit?path=x`,
];
const basic = (password: string) => `Basic ${Buffer.from(`me:${password}`).toString('base64')}`;

describe('who may ask', () => {
  it.each([
    {},
    { authorization: `Bearer ${TOKEN}x` },
    { authorization: 'Bearer' },
    { authorization: `Bearer ${TOKEN.slice(1)}` },
    { authorization: basic('wrong') },
    { authorization: TOKEN },
    { authorization: `Digest ${TOKEN}` },
  ])('gets 401 everywhere without the token: %j', async (headers) => {
    const server = await served(TOKEN);
    await writeRun(server.stateRoot);
    for (const path of PATHS) {
      const answer = await server.get(path, headers);
      expect(answer.status).toBe(401);
      expect(answer.headers['www-authenticate']).toContain('Bearer');
      expect(answer.text).not.toContain('passed');
    }
  });

  it('gets a badge without the token, and within pages from elsewhere, where badges are for everybody', async () => {
    const elsewhere = { host: 'ci.example', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' };
    const open = await served(TOKEN, { publicBadges: true });
    await writeRun(open.stateRoot);
    const badge = await open.get('/badge/main.svg', elsewhere);
    expect([badge.status, badge.headers['cross-origin-resource-policy']]).toEqual([200, 'cross-origin']);
    for (const path of [...PATHS, '/badge/../metrics', '/badge/%2e%2e/metrics', '/badge', '/badgex/main.svg'])
      expect([path, (await open.get(path)).status].join(' ')).toMatch(/ (401|404)$/);
    expect((await open.get('/badge/main.svg', {}, 'POST')).status).toBe(405);
    const closed = await served(TOKEN);
    expect((await closed.get('/badge/main.svg')).status).toBe(401);
    expect((await closed.get('/badge/main.svg', elsewhere)).status).toBe(403);
  });

  it('gets in with the token, as bearer or as the password of a browser, under any name of the machine', async () => {
    const server = await served(TOKEN);
    await writeRun(server.stateRoot);
    for (const authorization of [`Bearer ${TOKEN}`, `bearer ${TOKEN}`, basic(TOKEN)]) {
      const headers = { authorization, host: 'ci.example:8080' };
      expect((await server.get(`/news/api/forge/pikaci/run/${RUN_ID}`, headers)).status).toBe(200);
    }
  });

  it.each(['evil.example', '127.0.0.1.evil.example', '192.0.2.1:80', 'localhost@evil', '[2001:db8::1]'])(
    'gets 403 without a token under a name that is not this machine: "%s"',
    async (host) => {
      const server = await served();
      await writeRun(server.stateRoot);
      const answer = await server.get(`/news/api/forge/pikaci/run/${RUN_ID}`, { host });
      expect([400, 403]).toContain(answer.status);
      expect(answer.text).not.toContain('passed');
    },
  );

  it.each(['localhost', 'LOCALHOST:99', '127.0.0.1', '127.8.8.8:1', '[::1]:8080'])(
    'gets in without a token under this name of the machine: %s',
    async (host) => {
      const server = await served();
      await writeRun(server.stateRoot);
      expect((await server.get(`/news/api/forge/pikaci/run/${RUN_ID}`, { host })).status).toBe(200);
    },
  );

  it.each(['cross-site', 'same-site'])(
    'is led here by a page from elsewhere, which gets nothing itself: %s',
    async (site) => {
      for (const token of [null, TOKEN]) {
        const server = await served(token);
        await writeRun(server.stateRoot);
        const shown = { authorization: `Bearer ${TOKEN}`, 'sec-fetch-site': site };
        for (const path of PATHS)
          expect((await server.get(path, { ...shown, 'sec-fetch-mode': 'no-cors' })).status).toBe(403);
        expect((await server.get('/', { ...shown, 'sec-fetch-mode': 'navigate' })).status).toBe(200);
        expect((await server.get('/', { ...shown, 'sec-fetch-site': 'same-origin' })).status).toBe(200);
        expect((await server.get('/', { ...shown, 'sec-fetch-site': 'none' })).status).toBe(200);
      }
    },
  );

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])('cannot change anything with %s', async (method) => {
    const server = await served();
    const answer = await server.get('/', {}, method);
    expect(answer.status).toBe(405);
    expect(answer.headers.allow).toBe('GET, HEAD');
  });

  it('gets the security headers with every answer', async () => {
    const server = await served();
    await writeRun(server.stateRoot);
    for (const path of PATHS) {
      const { headers } = await server.get(path);
      expect(headers['content-security-policy']).toContain("default-src 'none'");
      expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
      expect(headers['content-security-policy']).not.toContain('unsafe');
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
      });
      expect(headers['content-security-policy']).toMatch(
        /script-src 'self'; connect-src 'self'; style-src 'self'/,
      );
      expect(headers['access-control-allow-origin']).toBeUndefined();
    }
  });
});

describe('starting the server', () => {
  it.each(['0.0.0.0', '::', '192.0.2.1', 'ci.example', '127.evil.example'])(
    'is refused without a token on %s',
    async (host) => {
      const refused = await serve('/nowhere', { host, port: 0, token: null });
      expect(refused._unsafeUnwrapErr().kind).toBe('token_required');
    },
  );

  it('is refused with a token that could be guessed', async () => {
    const refused = await serve('/nowhere', { host: '0.0.0.0', port: 0, token: 'short' });
    expect(refused._unsafeUnwrapErr().kind).toBe('token_too_short');
  });

  it('says when the port is taken', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const address = other.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    const refused = await serve('/nowhere', { host: '127.0.0.1', port, token: null });
    other.close();
    expect(refused._unsafeUnwrapErr()).toMatchObject({ kind: 'address' });
    expect(refused._unsafeUnwrapErr().message).toContain(String(port));
  });
});
