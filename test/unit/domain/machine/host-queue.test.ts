import { describe, expect, it } from 'vitest';
import {
  isOvercommitted,
  judgeQueue,
  type QueuedMachine,
} from '../../../../src/domain/machine/host-queue.js';
import {
  askedConfig,
  askedShare,
  OUT_OF_QUEUE,
  priorityOf,
  queueConfig,
  readAsked,
  readQueuePlace,
} from '../../../../src/domain/machine/host-share.js';

const host = { cpu: 4, memoryBytes: 1000 };
const asks = (cpu: number, memoryBytes = 0) => ({ cpu, memoryBytes });
const holder = (cpu: number, memoryBytes = 0): QueuedMachine => ({
  id: `h${cpu}`,
  asks: asks(cpu, memoryBytes),
  waits: null,
});
const waiting = (id: string, cpu: number, queuedAtMs: number, priority = 0) => ({
  id,
  asks: asks(cpu),
  waits: { queuedAtMs, priority },
});

describe('the queue of a host', () => {
  it('lets in what fits beside those that have theirs', () => {
    expect(judgeQueue(waiting('a', 2, 5), [holder(1), holder(1, 900)], host)).toMatchObject({
      fits: true,
      ahead: 0,
      holders: 2,
    });
    expect(judgeQueue(waiting('a', 3, 5), [holder(2)], host).fits).toBe(false);
    const memory = { ...waiting('a', 1, 5), asks: asks(1, 101) };
    expect(judgeQueue(memory, [holder(1, 900)], host).fits).toBe(false);
  });

  it('adds up parts of cores', () => {
    const tenths = Array.from({ length: 39 }, () => holder(0.1));
    expect(judgeQueue(waiting('a', 0.1, 5), tenths, host).fits).toBe(true);
    expect(judgeQueue(waiting('a', 0.2, 5), tenths, host).fits).toBe(false);
  });

  it('is first come, first served: nobody passes one that is too large now', () => {
    const large = waiting('large', 4, 1);
    expect(judgeQueue(waiting('small', 1, 2), [holder(1), large], host)).toMatchObject({
      fits: false,
      ahead: 1,
    });
    expect(judgeQueue(waiting('small', 1, 0), [holder(1), large], host).fits).toBe(true);
  });

  it('has priorities, and tells those apart that came at one moment', () => {
    const others = [waiting('b', 4, 1)];
    expect(judgeQueue(waiting('c', 1, 9, 1), others, host)).toMatchObject({ fits: true, ahead: 0 });
    expect(judgeQueue(waiting('a', 1, 1), others, host).ahead).toBe(0);
    expect(judgeQueue(waiting('c', 1, 1), others, host).ahead).toBe(1);
  });

  it('sees when too much was taken, of what does not wait', () => {
    const cores = { cpu: 1, memoryBytes: 0 };
    expect(isOvercommitted([holder(2), holder(2), waiting('a', 4, 1)], cores, host)).toBe(false);
    expect(isOvercommitted([holder(2), holder(2.5)], cores, host)).toBe(true);
    expect(isOvercommitted([holder(2), holder(2.5)], { cpu: 0, memoryBytes: 1 }, host)).toBe(false);
  });
});

describe('what a machine asks for', () => {
  it('is what it says, else its limits, and is written on the instance and read from it', () => {
    const asked = askedShare({ requests: { memory: '512B' }, limits: { cpu: 2, memory: '1GiB' } });
    expect(asked).toEqual({ cpu: 2, memory: '512B' });
    expect(readAsked(askedConfig(asked), host)).toEqual(asks(2, 512));
    expect(askedConfig(askedShare({ limits: {} }))).toEqual({});
  });

  it('has a priority, which gets who is not trusted before nobody', () => {
    expect([{ priority: 5 }, { priority: -5 }, {}].map((spec) => priorityOf(spec, 'trusted'))).toEqual([
      5, -5, 0,
    ]);
    expect([{ priority: 5 }, { priority: -5 }, {}].map((spec) => priorityOf(spec, 'untrusted'))).toEqual([
      0, -5, 0,
    ]);
  });

  it('may be a share of what the host has, and what cannot be read is nothing', () => {
    expect(readAsked({ 'user.pikaci.requests_memory': '80%' }, host)).toEqual(asks(0, 800));
    const odd = { 'user.pikaci.requests_cpu': '-1', 'user.pikaci.requests_memory': 'much' };
    expect(readAsked(odd, host)).toEqual(asks(0, 0));
  });

  it('has a place in the queue until it has its share', () => {
    const place = { queuedAtMs: 7, priority: -2 };
    expect(readQueuePlace(queueConfig(place))).toEqual(place);
    expect(Object.keys(OUT_OF_QUEUE)).toEqual(Object.keys(queueConfig(place)));
    expect(readQueuePlace({})).toBeNull();
    expect(readQueuePlace({ 'user.pikaci.queued_at_ms': 'x', 'user.pikaci.priority': '1.5' })).toEqual({
      queuedAtMs: 0,
      priority: 0,
    });
  });
});
