import { describe, expect, it } from 'vitest';
import { ChunkQueue } from '../../../src/adapters/incus/exec/chunk-queue.js';

function heldQueue() {
  const said: string[] = [];
  const queue = new ChunkQueue<Uint8Array>((chunk) => chunk.length, 100);
  queue.addSource({ pause: () => said.push('pause'), resume: () => said.push('resume') });
  return { queue, said };
}

describe('the queue before a reader', () => {
  it('holds its sources when too much waits, and lets them go when most of it was read', async () => {
    const { queue, said } = heldQueue();
    for (let count = 0; count < 3; count += 1) queue.push(new Uint8Array(50));
    expect(said).toEqual(['pause']);
    await queue.next();
    await queue.next();
    expect(said).toEqual(['pause']);
    await queue.next();
    expect(said).toEqual(['pause', 'resume']);
  });

  it('gives what was pushed before its end, and then ends for every reader', async () => {
    const { queue } = heldQueue();
    queue.push(Uint8Array.of(1));
    queue.end();
    queue.push(Uint8Array.of(2));
    expect(await queue.next()).toEqual({ value: Uint8Array.of(1), done: false });
    expect(await queue.next()).toEqual({ value: undefined, done: true });
  });

  it('throws away what comes after the reader left, and holds nobody', async () => {
    const { queue, said } = heldQueue();
    queue.push(new Uint8Array(500));
    await queue.return();
    queue.push(new Uint8Array(500));
    expect(said).toEqual(['pause', 'resume']);
    expect((await queue.next()).done).toBe(true);
  });

  it('keeps the order over many thousands of pieces', async () => {
    const queue = new ChunkQueue<number>(() => 1);
    const numbers = [...Array(5000).keys()];
    for (const number of numbers) queue.push(number);
    queue.end();
    const read: number[] = [];
    for await (const number of queue) read.push(number);
    expect(read).toEqual(numbers);
  });
});
