import type { Clock } from '../../ports/clock.js';

/** How long some are held while others have no room, in milliseconds; up to twice as long, as two that wait for each other are to do so for different times. */
const HOLD_MS = 45_000;

/**
 * Machines that are of use together only. Where some are made and others wait for room, two jobs may wait for each other's for ever: so
 * the first are given back after a while, and all are tried for again.
 */
export class RoomForAll implements Disposable {
  readonly #clock: Clock;
  readonly #over = new AbortController();
  readonly #gaveWay = new AbortController();
  readonly #waiting = new Set<string>();
  #made = 0;
  #isHeld = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Fires when those that are made are to be given back. */
  get gaveWay(): AbortSignal {
    return this.#gaveWay.signal;
  }

  /** `name` is whose machine has no room. */
  waits(name: string): void {
    this.#waiting.add(name);
    this.#look();
  }

  made(name: string): void {
    this.#waiting.delete(name);
    this.#made += 1;
    this.#look();
  }

  [Symbol.dispose](): void {
    this.#over.abort();
  }

  #look(): void {
    if (this.#isHeld || this.#made === 0 || this.#waiting.size === 0) return;
    this.#isHeld = true;
    void this.#clock.bound(HOLD_MS * (1 + Math.random()), this.#over.signal).then((end) => {
      this.#isHeld = false;
      if (end === 'elapsed' && this.#waiting.size > 0) this.#gaveWay.abort();
    });
  }
}
