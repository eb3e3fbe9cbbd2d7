import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { addActionRoutes } from '../../../src/adapters/http/routes/action-routes.js';
import type { RunActionAnswer, RunActions } from '../../../src/domain/target/run-actions.js';
import { RUN_ID, runJobRecord, runRecord, writeRun } from '../../support/recorded-run.js';
import { served } from '../../support/served.js';

const TOKEN = 'a-token-of-some-length';
const BASIC = { authorization: `Basic ${Buffer.from(`me:${TOKEN}`).toString('base64')}` };
const BROWSER = { ...BASIC, accept: 'text/html' };
const BEARER = { authorization: `Bearer ${TOKEN}` };

/** What was asked for. */
function recording(answer: RunActionAnswer = { kind: 'begun', runId: 'again' }) {
  const asked: string[] = [];
  const actions: RunActions = {
    cancel: async (runId) => {
      asked.push(`cancel ${runId}`);
      return answer.kind === 'refused' ? answer : { kind: 'done' };
    },
    again: async (runId, how) => {
      asked.push(`${how} ${runId}`);
      return answer;
    },
    noteOf: (runId) => (runId === 'never' ? 'never: its folder <b>is gone' : null),
  };
  return { asked, actions };
}

/** A server from whose pages runs may be changed, and what was asked of it. */
async function site(answer?: RunActionAnswer) {
  const { asked, actions } = recording(answer);
  const server = await served(TOKEN, { actions });
  const page = async (path = `/runs/${RUN_ID}`) => (await server.get(path, BROWSER)).text;
  const proof = async () => /name="proof" value="([0-9a-f]{64})"/.exec(await page())?.[1] ?? '';
  return { server, asked, page, proof };
}

describe('what people do to a run from its page', () => {
  it.each([
    ['running', ['cancel']],
    ['interrupted', ['resume', 'rerun']],
    ['failed', ['rerun-failed', 'rerun']],
    ['cancelled', ['rerun-failed', 'rerun']],
    ['passed', ['rerun']],
    ['skipped', ['rerun']],
  ] as const)('is what a run that is %s allows', async (status, expected) => {
    const { server, page } = await site();
    const job = runJobRecord('a', status === 'running' ? { status, finished_at: null } : {});
    await writeRun(server.stateRoot, runRecord({ status, jobs: [job] }));
    const forms = [...(await page()).matchAll(/action="\/runs\/([^"]+)"/g)].map((found) => found[1]);
    expect(forms).toEqual(expected.map((one) => `${RUN_ID}/${one}`));
  });

  it('leads back to the page of the run, which names the new one', async () => {
    const { server, asked, page, proof } = await site();
    await writeRun(server.stateRoot);
    const form = { proof: await proof() };
    const answer = await server.post(
      `/runs/${RUN_ID}/rerun`,
      { ...BROWSER, 'sec-fetch-site': 'same-origin' },
      form,
    );
    expect([answer.status, answer.headers.location]).toEqual([303, `/runs/${RUN_ID}?begun=again`]);
    expect(await page(answer.headers.location)).toContain(
      'It is run again as <a class="button" href="/runs/again">',
    );
    expect(await page(`/runs/${RUN_ID}?begun=${encodeURIComponent('<b>')}`)).not.toContain('It is run again');
    const cancelled = await server.post(`/runs/${RUN_ID}/cancel`, BROWSER, form);
    expect([cancelled.status, cancelled.headers.location]).toEqual([303, `/runs/${RUN_ID}`]);
    expect(asked).toEqual([`rerun ${RUN_ID}`, `cancel ${RUN_ID}`]);
    const never = await server.get('/runs/never', BROWSER);
    expect(never.status).toBe(404);
    expect(never.text).toContain('its folder &lt;b&gt;is gone');
  });

  it('is JSON for a program with the token, and a refusal says why', async () => {
    const { server, asked } = await site();
    const answer = await server.get(`/runs/${RUN_ID}/rerun-failed`, BEARER, 'POST');
    expect([answer.status, JSON.parse(answer.text)]).toEqual([202, { run: 'again' }]);
    expect(asked).toEqual([`rerun-failed ${RUN_ID}`]);
    const { server: busy } = await site({ kind: 'refused', message: '20 runs wait' });
    for (const action of ['cancel', 'rerun', 'resume']) {
      const refused = await busy.get(`/runs/${RUN_ID}/${action}`, BEARER, 'POST');
      expect([refused.status, JSON.parse(refused.text)]).toEqual([
        409,
        { error: { kind: 'refused', message: '20 runs wait' } },
      ]);
    }
    expect((await busy.get('/runs/.../cancel', BEARER, 'POST')).status).toBe(400);
  });

  it('is nothing that a page from elsewhere can do with a password that the browser knows', async () => {
    const { server, asked, proof } = await site();
    await writeRun(server.stateRoot);
    const right = { proof: await proof() };
    const path = `/runs/${RUN_ID}/rerun`;
    for (const [headers, form] of [
      [BROWSER, {}],
      [BROWSER, { proof: '0'.repeat(64) }],
      [BROWSER, { proof: 'x'.repeat(5000) }],
      [{ ...BROWSER, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }, right],
      [{ ...BROWSER, 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'navigate' }, right],
      [{ ...BEARER, 'sec-fetch-site': 'cross-site' }, {}],
    ] as const)
      expect((await server.post(path, headers, form)).status).toBe(403);
    expect((await server.post(path, { accept: 'text/html' }, right)).status).toBe(401);
    expect((await server.get(path, BASIC, 'POST')).status).toBe(403);
    for (const method of ['GET', 'PUT', 'DELETE', 'PATCH'])
      expect((await server.get(path, BEARER, method)).status).toBe(method === 'GET' ? 404 : 405);
    expect(asked).toEqual([]);
  });

  it('is nothing when the form is cut off', async () => {
    const { asked, actions } = recording();
    const app = new Hono();
    const refusal = { status: 403, kind: 'forbidden', message: 'no proof' } as const;
    addActionRoutes(app, actions, (_, proof) => (proof === null ? refusal : null));
    const thrown: unknown[] = [];
    app.onError((error, c) => {
      thrown.push(error);
      return c.text('', 500);
    });
    const cut = new ReadableStream({ start: (body) => body.error(new Error('aborted')) });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const asking = { method: 'POST', headers, body: cut, duplex: 'half' } as RequestInit;
    const answer = await app.fetch(new Request(`http://localhost/runs/${RUN_ID}/cancel`, asking));
    expect([answer.status, thrown, asked]).toEqual([403, [], []]);
  });

  it('is nothing where that was not asked for, or there is no token', async () => {
    const server = await served(TOKEN);
    await writeRun(server.stateRoot);
    expect((await server.get(`/runs/${RUN_ID}/rerun`, BEARER, 'POST')).status).toBe(405);
    expect((await server.get(`/runs/${RUN_ID}?begun=again`, BEARER)).text).not.toMatch(
      /<form[^>]*post|run again/,
    );
    const actions = { cancel: expect.fail, again: expect.fail, noteOf: () => null } as unknown as RunActions;
    await expect(served(null, { actions })).rejects.toThrow();
  });
});
