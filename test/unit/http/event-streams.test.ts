import { describe, expect, it } from 'vitest';
import { EventStreams } from '../../../src/adapters/http/live/event-streams.js';

const RETRY = 'retry: 1000\n\n';
const LIMITS = { most: 1, lifeMs: 3_600_000, quietMs: 3_600_000 };
const stays = () => new AbortController().signal;

/** Never has an event; ends with its signal. */
async function* silent(signal: AbortSignal) {
  yield* [];
  if (!signal.aborted)
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

async function textOf(stream: ReadableStream<Uint8Array> | null): Promise<string> {
  let text = '';
  for await (const piece of stream ?? []) text += Buffer.from(piece).toString();
  return text;
}

describe('an event stream', () => {
  it('says that there is no more, and makes room for the next', async () => {
    const streams = new EventStreams(LIMITS);
    const one = streams.open(async function* () {
      yield { id: '7', data: '{}' };
    }, stays());
    expect(streams.open(silent, stays())).toBeNull();
    expect(await textOf(one)).toBe(`${RETRY}id: 7\ndata: {}\n\nevent: end\ndata: {}\n\n`);
    expect(streams.count).toBe(0);
  });

  it('ends after its life without saying that the run has ended', async () => {
    const streams = new EventStreams({ ...LIMITS, lifeMs: 1 });
    expect(await textOf(streams.open(silent, stays()))).toBe(RETRY);
    expect(streams.count).toBe(0);
  });

  it('does not call it a fault that the server ends it', async () => {
    const streams = new EventStreams(LIMITS);
    const open = streams.open(async function* (signal) {
      yield { data: '1' };
      await silent(signal).next();
      yield { event: 'fault', data: '"aborted"' };
    }, stays());
    const reader = open?.getReader();
    const next = async () => Buffer.from((await reader?.read())?.value ?? []).toString();
    expect([await next(), await next()]).toEqual([RETRY, 'data: 1\n\n']);
    const last = reader?.read();
    streams.closeAll();
    expect((await last)?.done).toBe(true);
  });

  it('makes room when the client goes, also before anything was read, or was gone already', async () => {
    const streams = new EventStreams(LIMITS);
    const client = new AbortController();
    const open = streams.open(silent, client.signal);
    expect(streams.count).toBe(1);
    client.abort();
    expect(streams.count).toBe(0);
    expect(await textOf(open)).toBe(RETRY);
    expect(await textOf(streams.open(silent, AbortSignal.abort()))).toBe(RETRY);
    expect(streams.count).toBe(0);
  });

  it('sends comments while nothing happens', async () => {
    const streams = new EventStreams({ ...LIMITS, quietMs: 1 });
    const reader = streams.open(silent, stays())?.getReader();
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe(RETRY);
    for (let n = 0; n < 3; n += 1)
      expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe(':\n\n');
    await reader?.cancel();
    expect(streams.count).toBe(0);
  });
});
