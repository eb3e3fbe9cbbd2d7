import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !name.startsWith('testing/'))
  .map((name) => ({ name, text: readFileSync(`src/${name}`, 'utf8') }));

const withText = (what: RegExp) => sources.filter(({ text }) => what.test(text)).map(({ name }) => name);

it('a wait for somebody’s answer is counted in the time in which the process ran', () => {
  expect(withText(/AbortSignal\.timeout\(/)).toEqual([]);
});

it('timers of Node are used for pauses, for what is idle, and for the clients of the server alone', () => {
  expect(withText(/(?<![.#\w])setTimeout\(|timers\/promises/).sort()).toEqual([
    'adapters/http/live/event-streams.ts',
    'adapters/http/live/follow-log.ts',
    'adapters/local/child-stream.ts',
    'adapters/local/kill-tree.ts',
    'adapters/memory/memory-incus/memory-operations.ts',
    'adapters/node/system-clock.ts',
    'adapters/ssh2/open-session.ts',
    'adapters/ssh2/session-pool.ts',
    'streams/awake-timer.ts',
    'streams/socket-like.ts',
  ]);
});

it('ssh2 counts no bound of its own: that of its handshake would be a plain timer', () => {
  expect(withText(/readyTimeout: (?!0,)/)).toEqual([]);
  expect(withText(/\.connect\(\{\n/)).toEqual(withText(/readyTimeout: 0,/));
});
