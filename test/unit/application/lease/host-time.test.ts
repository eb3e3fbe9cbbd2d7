import { describe, expect, it } from 'vitest';
import { MemoryClock } from '../../../../src/adapters/memory/memory-clock.js';
import { MemoryIncus } from '../../../../src/adapters/memory/memory-incus/memory-incus.js';
import { incusFault } from '../../../../src/application/faults/port-faults.js';
import { HostTime } from '../../../../src/application/lease/host-time.js';
import { must, mustFail } from '../../../../src/testing/contract/expect-result.js';

const { signal } = new AbortController();
const asking = (incus: MemoryIncus) => async (bound: AbortSignal) => {
  const server = await incus.server({ signal: bound });
  return server.map(({ hostTimeMs }) => hostTimeMs).mapErr((fault) => incusFault(fault, null));
};

describe("the host's time", () => {
  it('is that of the daemon, also when this clock is set', async () => {
    const clock = new MemoryClock(1_000_000_000_000);
    let hostNow = 1_000_003_600_000;
    const time = new HostTime(asking(new MemoryIncus({ now: () => hostNow })), clock);
    must(await time.learn(signal));
    expect(time.now()).toBe(hostNow);
    await clock.advance(7_200_000);
    hostNow += 1000;
    must(await time.learn(signal));
    expect(time.now()).toBe(hostNow);
  });

  it('does not jump when this clock does, and goes on as time does', async () => {
    const clock = new MemoryClock(1_000_000_000_000);
    const time = new HostTime(asking(new MemoryIncus({ now: () => 1_000_003_600_000 })), clock);
    must(await time.learn(signal));
    for (const by of [-86_400_000, 2 * 86_400_000]) {
      clock.set(by);
      expect(time.now()).toBe(1_000_003_600_000);
    }
    await clock.advance(90_000);
    expect(time.now()).toBe(1_000_003_690_000);
  });

  it('is asked anew for each lease that is written, since this machine may have slept', async () => {
    const clock = new MemoryClock(1_000_000_000_000);
    let hostNow = 1_000_003_600_000;
    const incus = new MemoryIncus({ now: () => hostNow });
    const time = new HostTime(asking(incus), clock);
    must(await time.learn(signal));
    hostNow += 3_600_000;
    expect(await time.fresh(signal)).toBe(hostNow);
    incus.faults.failNext('server', 'connection_lost');
    expect(await time.fresh(signal)).toBe(hostNow);
  });

  it('is what was known when it cannot be asked for', async () => {
    const clock = new MemoryClock(1_000_000_000_000);
    const incus = new MemoryIncus({ now: () => 1_000_000_060_000 });
    const time = new HostTime(asking(incus), clock);
    expect(time.now()).toBe(clock.now());
    must(await time.learn(signal));
    incus.faults.failNext('server', 'connection_lost');
    mustFail(await time.learn(signal), 'incus');
    expect(time.now()).toBe(1_000_000_060_000);
  });

  it('is learnt by one job also when another, that asked too, is cancelled', async () => {
    const clock = new MemoryClock(1_000_000_000_000);
    const time = new HostTime(asking(new MemoryIncus({ now: () => 1_000_000_060_000 })), clock);
    const [cancelled, asked] = await Promise.all([time.learn(AbortSignal.abort()), time.learn(signal)]);
    mustFail(cancelled, 'cancelled');
    must(asked);
    expect(time.now()).toBe(1_000_000_060_000);
  });
});
