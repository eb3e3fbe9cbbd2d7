import type { Clock } from '../../src/ports/clock.js';
import { onAbort } from '../../src/streams/on-abort.js';

interface Sleeper {
  readonly at: number;
  readonly number: number;
  wake: (() => void) | null;
}

/** Turns of the event loop in which nobody looks at the time, after which all wait. */
const QUIET_TURNS = 3;
/** What is waited for that is no sleep, such as a timer of the system, in ms of real time. */
const LONGEST_SILENCE_MS = 20_000;

/** Time that goes on when all wait: to the next moment at which somebody wakes. */
export class VirtualClock implements Clock {
  readonly #startMs = Date.UTC(2026, 0, 1);
  #elapsed = 0;
  #calls = 0;
  #numbers = 0;
  /** A binary heap, the next to wake first. */
  readonly #sleepers: Sleeper[] = [];

  now(): number {
    this.#calls++;
    return this.#startMs + this.#elapsed;
  }

  monotonic(): number {
    this.#calls++;
    return this.#elapsed;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<'elapsed' | 'aborted'> {
    this.#calls++;
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve('aborted');
      let forget = () => {};
      const sleeper: Sleeper = {
        at: this.#elapsed + Math.max(0, ms),
        number: this.#numbers++,
        wake: () => {
          forget();
          resolve('elapsed');
        },
      };
      this.#push(sleeper);
      forget = onAbort(signal, () => {
        sleeper.wake = null;
        resolve('aborted');
      });
    });
  }

  bound(ms: number, signal?: AbortSignal): Promise<'elapsed' | 'aborted'> {
    return this.sleep(ms, signal);
  }

  /** Lets time go on until `work` has ended. Throws when all wait, and nobody for a moment that will come. */
  async during<T>(work: Promise<T>): Promise<T> {
    let isOver = false;
    const over = () => {
      isOver = true;
    };
    work.then(over, over);
    for (let silentSince = performance.now(); ; ) {
      await this.#quiet();
      if (isOver) return await work;
      const next = this.#next();
      if (next !== null) {
        this.#elapsed = Math.max(this.#elapsed, next.at);
        next.wake?.();
        silentSince = performance.now();
        continue;
      }
      if (performance.now() - silentSince > LONGEST_SILENCE_MS)
        throw new Error(`at ${Math.round(this.#elapsed / 1000)} s all wait, and none of them for a time`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  async #quiet(): Promise<void> {
    for (let turns = 0, seen = this.#calls; turns < QUIET_TURNS; turns++) {
      await new Promise((resolve) => setImmediate(resolve));
      if (seen === this.#calls) continue;
      seen = this.#calls;
      turns = -1;
    }
  }

  #push(sleeper: Sleeper): void {
    const heap = this.#sleepers;
    let at = heap.push(sleeper) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as Sleeper;
      if (!isBefore(sleeper, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = sleeper;
  }

  /** Takes the one that wakes next; those that were called off are dropped on the way. */
  #next(): Sleeper | null {
    for (;;) {
      const [first] = this.#sleepers;
      const last = this.#sleepers.pop();
      if (first === undefined || last === undefined) return null;
      if (first !== last) this.#sink(last);
      if (first.wake !== null) return first;
    }
  }

  #sink(sleeper: Sleeper): void {
    const heap = this.#sleepers;
    let at = 0;
    for (;;) {
      const [left, right] = [heap[2 * at + 1], heap[2 * at + 2]];
      if (left === undefined) break;
      const least = right !== undefined && isBefore(right, left) ? right : left;
      if (!isBefore(least, sleeper)) break;
      heap[at] = least;
      at = 2 * at + (least === left ? 1 : 2);
    }
    heap[at] = sleeper;
  }
}

function isBefore(one: Sleeper, other: Sleeper): boolean {
  return one.at - other.at < 0 || (one.at === other.at && one.number < other.number);
}
