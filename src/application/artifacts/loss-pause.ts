import type { Clock } from '../../ports/clock.js';

/** Maximum number of lost connections, with pauses that grow. */
const MOST_LOSSES = 5;
const LOSS_PAUSE_MS = 300;

/** Of the pauses between them, the longest, in losses. */
const LONGEST_PAUSE = 10;

/** Waits after each lost connection, up to a number of them, and as long as a host may be out of reach. */
export class LossPause {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #boundMs: number;
  #losses = 0;
  #since: number | null = null;

  /** `boundMs`: from the first loss on. */
  constructor(clock: Clock, signal: AbortSignal, boundMs = 0) {
    this.#clock = clock;
    this.#signal = signal;
    this.#boundMs = boundMs;
  }

  /** False when it is to be tried no more. */
  async afterLoss(): Promise<boolean> {
    this.#losses++;
    this.#since ??= this.#clock.monotonic();
    const isOver = this.#clock.monotonic() - this.#since >= this.#boundMs;
    if (this.#losses > MOST_LOSSES && isOver) return false;
    const pauseMs = LOSS_PAUSE_MS * Math.min(this.#losses, LONGEST_PAUSE);
    return (await this.#clock.sleep(pauseMs, this.#signal)) === 'elapsed';
  }
}
