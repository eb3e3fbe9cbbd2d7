/** Fills a pool behind its callers' backs: one fill at a time, and one more where somebody has asked meanwhile. */
export class PoolRefills {
  readonly #fill: (signal: AbortSignal) => Promise<unknown>;
  readonly #closing = new AbortController();
  #filling: Promise<unknown> | null = null;
  #isAskedAgain = false;

  constructor(fill: (signal: AbortSignal) => Promise<unknown>) {
    this.#fill = fill;
  }

  ask(): void {
    if (this.#closing.signal.aborted) return;
    if (this.#filling !== null) {
      this.#isAskedAgain = true;
      return;
    }
    this.#filling = this.#fillUntilAsked().finally(() => {
      this.#filling = null;
    });
  }

  /** Resolves when nothing is being filled. Nothing is begun afterwards. */
  async settled(): Promise<void> {
    await this.#filling;
    this.#closing.abort();
  }

  async #fillUntilAsked(): Promise<void> {
    do {
      this.#isAskedAgain = false;
      await this.#fill(this.#closing.signal);
    } while (this.#isAskedAgain);
  }
}
