import { err, ok } from 'neverthrow';
import { describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import type { OpenTerminal } from '../../../src/application/machine/guest-shell.js';
import { serve } from '../../../src/composition/serve.js';
import { echoShell } from '../../support/echo-shell.js';
import { RUN_ID, runJobRecord, runRecord, writeRun } from '../../support/recorded-run.js';
import { served } from '../../support/served.js';

const TOKEN = 'a-token-of-some-length';
const BEARER = { authorization: `Bearer ${TOKEN}` };
const BROWSER = { authorization: `Basic ${Buffer.from(`me:${TOKEN}`).toString('base64')}` };
const PATH = `/runs/${RUN_ID}/jobs/unit/terminal`;
const SIZE = JSON.stringify({ columns: 80, rows: 24 });

/** A server with terminals; what was asked of its shells is in `said`. */
async function site(fails = false) {
  const said: string[] = [];
  const terminal: OpenTerminal = async ({ runId, jobId, columns, rows }) => {
    said.push(`opened ${runId}/${jobId} ${columns}x${rows}`);
    return fails ? err({ message: 'the machine is gone' }) : ok(echoShell('ready> ', said));
  };
  const server = await served(TOKEN, { terminal });
  const ticket = async (path = PATH) =>
    JSON.parse((await server.post(path, BEARER, {})).text).ticket as string;
  const connect = (
    shown: string,
    { path = PATH, origin = server.url }: { path?: string; origin?: string } = {},
  ) =>
    new WebSocket(`ws://127.0.0.1:${server.port}${path}`, ['pikaci-terminal', `ticket.${shown}`], { origin });
  return { server, said, ticket, connect };
}

/** The status with which a connection was refused; 101 when it was made. */
function status(socket: WebSocket): Promise<number> {
  return new Promise((resolve, reject) => {
    socket.on('unexpected-response', (_, answer) => {
      socket.terminate();
      resolve(answer.statusCode ?? 0);
    });
    socket.on('open', () => resolve(101));
    socket.on('error', reject);
  });
}

/** Messages as they come; `until` resolves when all that was shown so far holds a text. */
function heard(socket: WebSocket) {
  let shown = '';
  let last = '';
  const waiting: { text: string; then: () => void }[] = [];
  socket.on('message', (data, isBinary) => {
    if (isBinary) shown += String(data);
    else last = String(data);
    for (const { text, then } of waiting) if (shown.includes(text)) then();
  });
  const closed = new Promise<string>((resolve) => socket.on('close', () => resolve(last)));
  const until = (text: string) =>
    new Promise<void>((then) => (shown.includes(text) ? then() : waiting.push({ text, then })));
  return { until, closed };
}

describe('a terminal in the machine of a job', () => {
  it('shows what the shell says, takes keys and sizes, and tells how it ended', async () => {
    const { said, ticket, connect } = await site();
    const socket = connect(await ticket());
    const { until, closed } = heard(socket);
    socket.on('open', () => socket.send(SIZE));
    await until('ready> ');
    socket.send(Buffer.from('ls\r'));
    await until('ls\r\n');
    socket.send(JSON.stringify({ columns: 100, rows: 30 }));
    socket.send(Buffer.from('\u0004'));
    expect(JSON.parse(await closed)).toEqual({ ended: 'the shell has ended with status 7' });
    await expect
      .poll(() => said)
      .toEqual([`opened ${RUN_ID}/unit 80x24`, 'typed "ls\\r"', 'resized true', 'typed "\\u0004"', 'ended']);
  });

  it('is opened by this server’s own page alone, with a ticket that is good once and for one machine', async () => {
    const { server, said, ticket, connect } = await site();
    // Whoever has no proof of being such a page, or no token, has no ticket.
    expect((await server.post(PATH, BROWSER, {})).status).toBe(403);
    expect((await server.post(PATH, BROWSER, { proof: 'ab'.repeat(32) })).status).toBe(403);
    expect((await server.post(PATH, {}, {})).status).toBe(401);
    expect((await server.post(PATH, { ...BEARER, 'sec-fetch-site': 'cross-site' }, {})).status).toBe(403);
    const page = (await server.get(PATH, BROWSER)).text;
    const proof = /data-proof="([0-9a-f]{64})"/.exec(page)?.[1] ?? '';
    expect((await server.post(PATH, BROWSER, { proof })).status).toBe(200);
    expect(await status(connect('ab'.repeat(32)))).toBe(403);
    expect(await status(connect(await ticket(), { origin: 'http://evil.example' }))).toBe(403);
    expect(await status(connect(await ticket(), { origin: 'null' }))).toBe(403);
    expect(await status(connect(await ticket(), { path: `/runs/${RUN_ID}/jobs/lint/terminal` }))).toBe(403);
    expect(await status(connect(await ticket(), { path: '/runs' }))).toBe(404);
    const good = await ticket();
    const first = connect(good);
    expect(await status(first)).toBe(101);
    expect(await status(connect(good))).toBe(403);
    const bare = new WebSocket(`ws://127.0.0.1:${server.port}${PATH}`, {
      headers: BEARER,
      origin: server.url,
    });
    expect(await status(bare)).toBe(403);
    first.terminate();
    expect(said).toEqual([]);
  });

  it('says why there is none, and refuses what is no size', async () => {
    const { ticket, connect } = await site(true);
    const gone = connect(await ticket());
    gone.on('open', () => gone.send(SIZE));
    expect(JSON.parse(await heard(gone).closed)).toEqual({ ended: 'the machine is gone' });
    for (const text of ['{"columns":1e9,"rows":1}', 'nonsense', '[]']) {
      const wrong = connect(await ticket());
      wrong.on('open', () => wrong.send(text));
      expect(JSON.parse(await heard(wrong).closed)).toEqual({
        ended: 'the page has said something that is no size',
      });
    }
  });

  it('is ended with its page, and with the server; there are sixteen at most', async () => {
    const { server, said, ticket, connect } = await site();
    const open = async () => {
      const socket = connect(await ticket());
      const { until, closed } = heard(socket);
      socket.on('open', () => socket.send(SIZE));
      await until('ready> ');
      return { socket, closed };
    };
    const gone = await open();
    gone.socket.terminate();
    await expect.poll(() => said.filter((one) => one === 'ended')).toHaveLength(1);
    const all = [];
    for (let at = 0; at < 16; at += 1) all.push(await open());
    expect(await status(connect(await ticket()))).toBe(503);
    await server.close();
    expect(said.filter((one) => one === 'ended')).toHaveLength(17);
    for (const { closed } of all)
      expect(JSON.parse(await closed)).toEqual({ ended: 'the server is being closed' });
  });

  it('needs a token, and is on no page unless it is wanted', async () => {
    const none = await serve('/nowhere', {
      host: '127.0.0.1',
      port: 0,
      token: null,
      terminal: async () => err({ message: '' }),
    });
    expect(none._unsafeUnwrapErr().kind).toBe('token_required');
    const { server } = await site();
    const jobs = [runJobRecord('unit', { status: 'failed' }), runJobRecord('lint')];
    await writeRun(server.stateRoot, runRecord({ status: 'failed', jobs }));
    const run = (await server.get(`/runs/${RUN_ID}`, BEARER)).text;
    expect(run.match(/href="[^"]*\/terminal"/g)).toEqual([`href="${PATH}"`]);
    expect((await server.get(`/runs/${RUN_ID}/logs/unit`, BEARER)).text).toContain(`href="${PATH}"`);
    for (const asset of ['/script/xterm.mjs', '/script/addon-fit.mjs', '/xterm.css'])
      expect((await server.get(asset, BEARER)).status).toBe(200);
    const without = await served(TOKEN);
    await writeRun(without.stateRoot, runRecord({ status: 'failed', jobs }));
    expect((await without.get(`/runs/${RUN_ID}`, BEARER)).text).not.toContain('/terminal');
    expect((await without.get(PATH, BEARER)).status).toBe(404);
    expect((await without.post(PATH, BEARER, {})).status).toBe(405);
  });
});
