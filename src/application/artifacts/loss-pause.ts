import type { Clock } from '../../ports/clock.js';

/** Lost connections are put up with this often, with pauses that grow. */
const MOST_LOSSES = 5;
const LOSS_PAUSE_MS = 300;

/** Waits after each lost connection, up to a number of them. */
export class LossPause {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  #losses = 0;

  constructor(clock: Clock, signal: AbortSignal) {
    this.#clock = clock;
    this.#signal = signal;
  }

  /** False when it is to be tried no more. */
  async afterLoss(): Promise<boolean> {
    this.#losses++;
    if (this.#losses > MOST_LOSSES) return false;
    return (await this.#clock.sleep(LOSS_PAUSE_MS * this.#losses, this.#signal)) === 'elapsed';
  }
}
