import { describe, expect, it } from 'vitest';
import { readAhead } from '../../../../src/application/log/read-ahead.js';

const text = (piece: IteratorResult<Uint8Array, void>) => Buffer.from(piece.value ?? []).toString();

/** Pieces `0,` `1,` … that come as fast as they are asked for; `asked` says how many have been. */
function quickSource(count: number) {
  const source = { asked: 0 };
  async function* pieces(): AsyncGenerator<Uint8Array, void> {
    while (source.asked < count) yield Buffer.from(`${source.asked++},`);
  }
  return Object.assign(source, { pieces: pieces() });
}

/** Everything here is promises: when the loop turns, all that can happen has happened. */
const allThatCanHappen = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('reading a log ahead', () => {
  it('gives what came during the work on a piece as one piece, with every byte in its order', async () => {
    const reader = readAhead(quickSource(5).pieces, 1000);
    expect(text(await reader.next())).toBe('0,');
    await allThatCanHappen();
    expect(text(await reader.next())).toBe('1,2,3,4,');
    expect((await reader.next()).done).toBe(true);
  });

  it('gives a single piece at once, without waiting for more', async () => {
    async function* source() {
      yield Buffer.from('ready');
      await new Promise<never>(() => undefined);
    }
    expect(text(await readAhead(source(), 1000).next())).toBe('ready');
  });

  it('stops reading when as much waits as may, and goes on when that is taken', async () => {
    const source = quickSource(10);
    const reader = readAhead(source.pieces, 4);
    await reader.next();
    await allThatCanHappen();
    expect(source.asked).toBe(3);
    expect(text(await reader.next())).toBe('1,2,');
    await allThatCanHappen();
    expect(source.asked).toBe(5);
  });

  it('takes no more than one further piece from a source that its reader has left', async () => {
    const source = quickSource(1000);
    for await (const piece of readAhead(source.pieces, 2)) {
      expect(piece.length).toBe(2);
      break;
    }
    await allThatCanHappen();
    expect(source.asked).toBeLessThanOrEqual(3);
  });
});
