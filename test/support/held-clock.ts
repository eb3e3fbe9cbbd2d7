import type { Clock } from '../../src/ports/clock.js';

interface Sleeper {
  readonly until: number;
  readonly wake: (how: 'elapsed' | 'aborted') => void;
}

/** Time that moves only when a test says so. */
export class HeldClock implements Clock {
  #now: number;
  readonly #sleepers = new Set<Sleeper>();
  /** Every sleep that anybody asked for, in ms. */
  readonly asked: number[] = [];
  #onSleep: (() => void)[] = [];

  constructor(start = Date.parse('2026-11-23T16:45:01.250Z')) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<'elapsed' | 'aborted'> {
    this.asked.push(ms);
    if (signal?.aborted === true) return Promise.resolve('aborted');
    return new Promise((resolve) => {
      const abort = () => sleeper.wake('aborted');
      const sleeper: Sleeper = {
        until: this.#now + ms,
        wake: (how) => {
          this.#sleepers.delete(sleeper);
          signal?.removeEventListener('abort', abort);
          resolve(how);
        },
      };
      signal?.addEventListener('abort', abort);
      this.#sleepers.add(sleeper);
      for (const tell of this.#onSleep.splice(0)) tell();
    });
  }

  bound(ms: number, signal?: AbortSignal): Promise<'elapsed' | 'aborted'> {
    return this.sleep(ms, signal);
  }

  /** Resolves when somebody sleeps until exactly `ms` from now. */
  async asleepFor(ms: number): Promise<void> {
    while (![...this.#sleepers].some((sleeper) => sleeper.until === this.#now + ms)) {
      await new Promise<void>((resolve) => this.#onSleep.push(resolve));
    }
  }

  advance(ms: number): void {
    this.#now += ms;
    for (const sleeper of [...this.#sleepers]) if (sleeper.until <= this.#now) sleeper.wake('elapsed');
  }
}
