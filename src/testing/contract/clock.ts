import assert from 'node:assert/strict';
import type { Clock } from '../../ports/clock.js';
import type { SuiteRunner } from './contract-runner.js';
import { type Fixture, withFixture } from './with-fixture.js';

export interface ClockFixture extends Fixture {
  readonly clock: Clock;
  /** Lets `ms` of the clock's time pass; the system's clock needs no help. */
  pass(ms: number): Promise<void>;
}

/** What every `Clock` has to do. `make` is called for each test. */
export function clockContract(runner: SuiteRunner, name: string, make: () => Promise<ClockFixture>): void {
  runner.describe(`${name} keeps the contract of Clock`, () => {
    const it = withFixture(runner, make);

    it('a sleep ends when its time has passed', async ({ clock, pass }) => {
      const [from, wall] = [clock.monotonic(), clock.now()];
      const sleeping = clock.sleep(20);
      await pass(20);
      assert.equal(await sleeping, 'elapsed');
      assert.ok(clock.monotonic() - from >= 19);
      assert.ok(clock.now() >= wall);
    });

    it('a sleep of no time ends', async ({ clock }) => {
      assert.equal(await clock.sleep(0), 'elapsed');
      assert.equal(await clock.sleep(-5), 'elapsed');
    });

    it('a signal ends a sleep at once', async ({ clock }) => {
      const cancel = new AbortController();
      const sleeping = clock.sleep(1_000_000, cancel.signal);
      cancel.abort();
      assert.equal(await sleeping, 'aborted');
      assert.equal(await clock.sleep(1_000_000, AbortSignal.abort()), 'aborted');
    });

    it('a bound is over when its time has passed, or at once when a signal fires', async ({
      clock,
      pass,
    }) => {
      const from = clock.monotonic();
      const bound = clock.bound(20);
      await pass(20);
      assert.equal(await bound, 'elapsed');
      assert.ok(clock.monotonic() - from >= 19);
      assert.equal(await clock.bound(0), 'elapsed');
      assert.equal(await clock.bound(-5), 'elapsed');
      const cancel = new AbortController();
      const long = clock.bound(1_000_000, cancel.signal);
      cancel.abort();
      assert.equal(await long, 'aborted');
      assert.equal(await clock.bound(1_000_000, AbortSignal.abort()), 'aborted');
    });

    it('sleeps end in the order of their time', async ({ clock, pass }) => {
      const order: number[] = [];
      const sleeps = [30, 10, 20].map((ms) => clock.sleep(ms).then(() => order.push(ms)));
      await pass(30);
      await Promise.all(sleeps);
      assert.deepEqual(order, [10, 20, 30]);
    });
  });
}
