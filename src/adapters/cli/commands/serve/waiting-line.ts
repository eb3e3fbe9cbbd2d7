/** Carries out what is asked for one after the other; what is beyond `most` is refused. */
export class WaitingLine {
  readonly #most: number;
  readonly #waiting: (() => Promise<void>)[] = [];
  #wake: () => void = () => undefined;

  constructor(most: number) {
    this.#most = most;
  }

  /** False when too many wait. */
  add(work: () => Promise<void>): boolean {
    if (this.#waiting.length >= this.#most) return false;
    this.#waiting.push(work);
    this.#wake();
    return true;
  }

  /** Until the signal has fired, and what was under way then has ended. */
  async work(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#wake(), { once: true });
    while (!signal.aborted) {
      const next = this.#waiting.shift();
      if (next !== undefined) await next();
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }
}
