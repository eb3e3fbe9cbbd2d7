import { describe, it } from 'vitest';
import { MemoryClock } from '../../src/adapters/memory/memory-clock.js';
import { SystemClock } from '../../src/adapters/node/system-clock.js';
import { clockContract } from '../../src/testing/contract/clock.js';

const nothing = { [Symbol.asyncDispose]: async () => {} };

clockContract({ describe, it }, "the machine's clock", async () => ({
  clock: new SystemClock(),
  pass: async () => {},
  ...nothing,
}));

clockContract({ describe, it }, 'the clock in memory', async () => {
  const clock = new MemoryClock();
  return { clock, pass: (ms) => clock.advance(ms), ...nothing };
});
