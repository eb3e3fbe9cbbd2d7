import { describe, expect, it } from 'vitest';
import { untilOverdue } from '../../../../src/application/step/overdue.js';
import type { Clock } from '../../../../src/ports/clock.js';

/** A clock whose sleeps end when the test says so, as a process that was stopped sees them: one at a time, however late. */
function steppedClock() {
  const slept: number[] = [];
  let wake: (() => void) | null = null;
  let onSleep = () => {};
  const clock: Clock = {
    now: () => 0,
    monotonic: () => 0,
    sleep: (ms) =>
      new Promise((resolve) => {
        slept.push(ms);
        wake = () => resolve('elapsed');
        onSleep();
      }),
    bound: (ms, signal) => clock.sleep(ms, signal),
  };
  /** Ends the sleep that is under way, or the next one. */
  const step = async () => {
    if (wake === null) {
      await new Promise<void>((resolve) => {
        onSleep = resolve;
      });
    }
    const end = wake;
    wake = null;
    end?.();
  };
  return { clock, slept, step };
}

const never = new AbortController().signal;

describe('a step that outlives its bound', () => {
  it('is overdue after a minute more, counted in slices, so that a runner that was stopped has time to ask the guest', async () => {
    const { clock, slept, step } = steppedClock();
    const overdue = untilOverdue({ clock, boundMs: 1000, isHeldUp: () => false }, never);
    for (let sleeps = 0; sleeps < 13; sleeps++) await step();
    expect(await overdue).toBe('overdue');
    expect(slept).toEqual([1000, ...Array.from({ length: 12 }, () => 5000)]);
  });

  it('has a long bound counted in slices as well: a runner that was stopped for hours counts a minute of them', async () => {
    const { clock, slept, step } = steppedClock();
    const overdue = untilOverdue({ clock, boundMs: 3_601_000, isHeldUp: () => false }, never);
    for (let sleeps = 0; sleeps < 61 + 12; sleeps++) await step();
    expect(await overdue).toBe('overdue');
    expect(slept.slice(0, 61)).toEqual([...Array.from({ length: 60 }, () => 60_000), 1000]);
  });

  it('is not while the log waits for a slow reader', async () => {
    const { clock, slept, step } = steppedClock();
    let heldUp = true;
    const overdue = untilOverdue({ clock, boundMs: 1000, isHeldUp: () => heldUp }, never);
    for (let sleeps = 0; sleeps < 101; sleeps++) await step();
    heldUp = false;
    for (let sleeps = 0; sleeps < 13; sleeps++) await step();
    expect(await overdue).toBe('overdue');
    expect(slept.length).toBeGreaterThan(100);
  });
});
