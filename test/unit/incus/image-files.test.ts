import { expect, it } from 'vitest';
import type { IncusImageDownload } from '../../../src/ports/incus-api.js';
import { failed, fakeDaemon, reply } from '../../support/fake-daemon.js';

const FINGERPRINT = 'a'.repeat(64);

/** What came of an image, and how it ended. */
async function read(download: IncusImageDownload) {
  let bytes = 0;
  for await (const piece of download.content) bytes += piece.length;
  return {
    bytes,
    kind: (await download.ended).match(
      () => 'whole',
      ({ kind }) => kind,
    ),
  };
}

it('an image whose connection breaks off is not whole, and neither is one that takes too long', async () => {
  await using daemon = await fakeDaemon((_request, response) => {
    response.writeHead(200, { 'content-length': 1000 });
    response.write(Buffer.alloc(100));
  });
  const image = (options = {}) => daemon.api.exportImage('p', FINGERPRINT, options);
  const slow = (await image({ timeoutMs: 50 }))._unsafeUnwrap();
  expect(await read(slow)).toEqual({ bytes: 100, kind: 'timed_out' });
  const given = new AbortController();
  const left = (await image({ signal: given.signal }))._unsafeUnwrap();
  given.abort();
  expect((await read(left)).kind).toBe('aborted');
  const cut = (await image())._unsafeUnwrap();
  const whole = read(cut);
  for (const stream of daemon.streams) stream.destroy();
  expect((await whole).kind).toBe('connection_lost');
});

it('an image is read no faster than somebody takes it', async () => {
  let sent = 0;
  await using daemon = await fakeDaemon((_request, response) => {
    response.writeHead(200);
    const more = (): void => {
      while (sent < 400 && response.write(Buffer.alloc(1_000_000))) sent++;
    };
    response.on('drain', more);
    more();
  });
  await using download = (await daemon.api.exportImage('p', FINGERPRINT))._unsafeUnwrap();
  const pieces = download.content[Symbol.asyncIterator]();
  for (let piece = 0; piece < 20; piece++) await pieces.next();
  expect(sent).toBeLessThan(50);
});

it('an image that the daemon refuses before all of it was sent is refused in its words, and the rest stays unread', async () => {
  await using daemon = await fakeDaemon((request, response) => {
    request.once('data', () => {
      request.pause();
      reply(response, 500, failed(500, 'no space left on device'));
    });
  });
  let taken = 0;
  let over: () => void = () => undefined;
  const isOver = new Promise<void>((resolve) => {
    over = resolve;
  });
  async function* endless(): AsyncGenerator<Uint8Array> {
    try {
      for (; taken < 10_000; taken++) yield Buffer.alloc(100_000);
    } finally {
      over();
    }
  }
  const refused = await daemon.api.importImage('p', { content: endless(), filename: 'x' });
  expect(refused._unsafeUnwrapErr()).toMatchObject({
    kind: 'server_error',
    message: 'no space left on device',
  });
  expect(taken).toBeLessThan(1000);
  await isOver;
});
