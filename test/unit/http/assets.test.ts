import { readdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { RUN_ID, writeRun } from '../../support/recorded-run.js';
import { repositoryRoot } from '../../support/repository-root.js';
import { served } from '../../support/served.js';

describe('what pages are made with', () => {
  it('is every script that there is, and nothing else of the folder or beside it', async () => {
    const server = await served();
    const names = await readdir(`${repositoryRoot}/src/adapters/http/script`);
    expect(names.length).toBeGreaterThan(5);
    for (const name of names) {
      const answer = await server.get(`/script/${name}`);
      expect([name, answer.status]).toEqual([name, 200]);
      expect(answer.headers['content-type']).toBe('text/javascript; charset=utf-8');
    }
    for (const path of [
      '',
      'x.js',
      '..%2fapp.ts',
      '../app.ts',
      '%2e%2e/app.ts',
      'live.js%00',
      'live.js/',
      'live.ts',
    ])
      expect((await server.get(`/script/${path}`)).status).toBe(404);
  });

  it('is not sent again while it is the same', async () => {
    const server = await served();
    for (const path of ['/style.css', '/icon.svg', '/script/live.js']) {
      const first = await server.get(path);
      const etag = String(first.headers.etag);
      const again = await server.get(path, { 'if-none-match': etag });
      expect([again.status, again.text]).toEqual([304, '']);
      expect(again.headers['x-content-type-options']).toBe('nosniff');
      expect((await server.get(path, { 'if-none-match': '"other"' })).status).toBe(200);
    }
  });

  it('is told of without its body to who asks for the head', async () => {
    const server = await served();
    await writeRun(server.stateRoot);
    for (const path of ['/', `/runs/${RUN_ID}`, `/runs/${RUN_ID}/logs/unit/raw`, '/style.css', '/metrics']) {
      const answer = await server.get(path, {}, 'HEAD');
      expect([path, answer.status, answer.text]).toEqual([path, 200, '']);
    }
  });
});

describe('what is not there', () => {
  it('is said as a page to a person, and as JSON to a program', async () => {
    const server = await served();
    const page = await server.get('/no', { accept: 'text/html,application/xhtml+xml' });
    expect([page.status, page.headers['content-type']]).toEqual([404, 'text/html; charset=UTF-8']);
    expect(JSON.parse((await server.get('/no')).text).error.kind).toBe('not_found');
  });
});
