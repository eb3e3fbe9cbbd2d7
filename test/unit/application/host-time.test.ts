import { describe, expect, it } from 'vitest';
import { MemoryClock } from '../../../src/adapters/memory/memory-clock.js';
import { MemoryIncus } from '../../../src/adapters/memory/memory-incus/memory-incus.js';
import { HostTime } from '../../../src/application/host-time.js';
import { must, mustFail } from '../../../src/testing/contract/expect-result.js';

const { signal } = new AbortController();

describe("the host's time", () => {
  it('is that of the daemon, also when this clock is set', async () => {
    const clock = new MemoryClock(1_000_000_000_000);
    let hostNow = 1_000_003_600_000;
    const time = new HostTime(new MemoryIncus({ now: () => hostNow }), clock);
    must(await time.learn(signal));
    expect(time.now()).toBe(hostNow);
    await clock.advance(7_200_000);
    hostNow += 1000;
    must(await time.learn(signal));
    expect(time.now()).toBe(hostNow);
  });

  it('is what was known when it cannot be asked for', async () => {
    const clock = new MemoryClock(1_000_000_000_000);
    const incus = new MemoryIncus({ now: () => 1_000_000_060_000 });
    const time = new HostTime(incus, clock);
    expect(time.now()).toBe(clock.now());
    must(await time.learn(signal));
    incus.faults.failNext('server', 'connection_lost');
    mustFail(await time.learn(signal), 'connection_lost');
    expect(time.now()).toBe(1_000_000_060_000);
  });

  it('is learnt by one job also when another, that asked too, is cancelled', async () => {
    const clock = new MemoryClock(1_000_000_000_000);
    const time = new HostTime(new MemoryIncus({ now: () => 1_000_000_060_000 }), clock);
    const [cancelled, asked] = await Promise.all([time.learn(AbortSignal.abort()), time.learn(signal)]);
    mustFail(cancelled, 'aborted');
    must(asked);
    expect(time.now()).toBe(1_000_000_060_000);
  });
});
