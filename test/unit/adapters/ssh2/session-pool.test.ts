import { ok } from 'neverthrow';
import type { Client } from 'ssh2';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { SshLink } from '../../../../src/adapters/ssh2/link.js';
import { type SessionPlace, SessionPool } from '../../../../src/adapters/ssh2/session-pool.js';

let links: SshLink[];
let pool: SessionPool;

beforeEach(() => {
  vi.useFakeTimers();
  links = [];
  pool = new SessionPool({
    connect: async () => {
      const link = new SshLink({} as Client, () => {});
      links.push(link);
      return ok(link);
    },
    sessionsPerLink: 2,
    maxLinks: 3,
    growAfterMs: 50,
    idleMs: 30_000,
  });
});
afterEach(() => {
  vi.useRealTimers();
});

async function take(count: number): Promise<SessionPlace[]> {
  const places: Promise<SessionPlace>[] = [];
  for (let index = 0; index < count; index += 1) places.push(placeOf());
  await vi.advanceTimersByTimeAsync(1_000);
  return Promise.all(places);
}

async function placeOf(signal?: AbortSignal): Promise<SessionPlace> {
  const taken = await pool.take(signal === undefined ? {} : { signal });
  if (taken === 'aborted') throw new Error('aborted');
  return taken._unsafeUnwrap();
}

const placesOf = (places: readonly SessionPlace[]) => places.map(({ link }) => links.indexOf(link));

it('fills a link before it opens another', async () => {
  expect(placesOf(await take(5))).toEqual([0, 0, 1, 1, 2]);
});

it('opens none for a command that gets a place in time', async () => {
  const [first] = await take(2);
  const third = placeOf();
  await vi.advanceTimersByTimeAsync(49);
  first?.release();
  expect(placesOf([await third])).toEqual([0]);
  expect(links).toHaveLength(1);
});

it('gives places in the order of asking once it may open no more', async () => {
  const held = await take(6);
  const order: number[] = [];
  const waiting = [1, 2, 3].map((number) => placeOf().then(() => order.push(number)));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(order).toEqual([]);
  for (const place of held.slice(0, 3)) place.release();
  await Promise.all(waiting);
  expect([order, links.length]).toEqual([[1, 2, 3], 3]);
});

it('closes what has been idle, and keeps the first', async () => {
  for (const place of await take(6)) place.release();
  await vi.advanceTimersByTimeAsync(29_000);
  expect(links.map(({ lost }) => lost)).toEqual([null, null, null]);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(links.map(({ lost }) => lost === null)).toEqual([true, false, false]);
  expect(placesOf(await take(3))).toEqual([0, 0, 3]);
});

it('wakes those who wait when a link is lost', async () => {
  await take(6);
  const waiting = placeOf();
  links[1]?.close('cut');
  await vi.advanceTimersByTimeAsync(1_000);
  expect(placesOf([await waiting])).toEqual([3]);
});

it('learns how many sessions a server allows, and leaves room for ending one', async () => {
  const [, second] = await take(2);
  expect(second?.refused()).toBe(true);
  expect(placesOf(await take(2))).toEqual([1, 2]);
});

it('does not look elsewhere when the only session of a link is refused', async () => {
  const [only] = await take(1);
  expect(only?.refused()).toBe(false);
});

it('forgets who cancels', async () => {
  const [first] = await take(6);
  const abort = new AbortController();
  const cancelled = pool.take({ signal: abort.signal });
  const next = placeOf();
  abort.abort();
  expect(await cancelled).toBe('aborted');
  first?.release();
  expect(placesOf([await next])).toEqual([0]);
});
