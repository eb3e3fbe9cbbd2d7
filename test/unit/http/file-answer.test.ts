import { type IncomingMessage, request } from 'node:http';
import { err, ok } from 'neverthrow';
import { describe, expect, it } from 'vitest';
import { fileAnswer } from '../../../src/adapters/http/routes/file-answer.js';
import { serveRuns } from '../../../src/adapters/http/serve.js';
import * as source from '../../../src/composition/run-state.js';
import { RUN_ID, runRecord } from '../../support/recorded-run.js';

const GIB = 1024 ** 3;
const PIECE = Buffer.alloc(1024 * 1024, 'x');

describe('a file', () => {
  it('is read as the client takes it, however large it is', async () => {
    let reads = 0;
    let isGone = false;
    const runs = {
      stateRoot: '/nowhere',
      source: {
        ...source,
        loadRunRecord: () => Promise.resolve(ok(runRecord())),
        readLog: (_: string, __: string, { offset, signal }: { offset: number; signal?: AbortSignal }) => {
          signal?.addEventListener('abort', () => {
            isGone = true;
          });
          reads += 1;
          return Promise.resolve(ok({ data: PIECE, offset, size: GIB }));
        },
      },
    };
    await using serving = (
      await serveRuns(runs, { host: '127.0.0.1', port: 0, token: null })
    )._unsafeUnwrap();
    const response = await new Promise<IncomingMessage>((resolve) => {
      request(`${serving.url}/runs/${RUN_ID}/logs/unit/raw`, resolve).end();
    });
    expect(response.headers['content-length']).toBe(String(GIB));
    // Nothing is taken: what is read fills the buffers of the two sockets, and no more.
    let before = -1;
    await expect
      .poll(
        () => {
          const rested = reads === before;
          before = reads;
          return rested;
        },
        { interval: 200 },
      )
      .toBe(true);
    expect(reads).toBeLessThan(64);
    response.destroy();
    await expect.poll(() => isGone).toBe(true);
    expect(reads).toBeLessThan(64);
  });

  it('that grows is sent as long as it was; one that became shorter is broken off', async () => {
    const grows = await fileAnswer(
      (offset) =>
        Promise.resolve(
          ok({ data: Buffer.from('abcdef').subarray(offset), offset, size: offset === 0 ? 4 : 6 }),
        ),
      new Headers(),
      {},
    );
    expect(grows instanceof Response ? await grows.text() : grows).toBe('abcd');
    const shrinks = await fileAnswer(
      (offset) => Promise.resolve(ok({ data: Buffer.from('ab').subarray(offset), offset, size: 4 })),
      new Headers(),
      {},
    );
    await expect(shrinks instanceof Response ? shrinks.text() : null).rejects.toThrow('shorter');
  });

  it('that cannot be read is refused', async () => {
    const fault = { kind: 'unreadable', path: '/x', message: 'no' } as const;
    expect(await fileAnswer(() => Promise.resolve(err(fault)), new Headers(), {})).toMatchObject({
      status: 500,
      kind: 'unreadable',
    });
  });
});
