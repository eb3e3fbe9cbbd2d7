/** Ends a wait for one of several reasons. The first one counts; what comes later changes nothing. */
export class StopReason<Reason extends string> {
  readonly #stop = new AbortController();
  #first: Reason | null = null;

  /** Fires with the first reason, or when the wait is over. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  get first(): Reason | null {
    return this.#first;
  }

  give(reason: Reason): void {
    if (this.#stop.signal.aborted) return;
    this.#first = reason;
    this.#stop.abort();
  }

  /** The wait is over, without a reason to stop. */
  end(): void {
    this.#stop.abort();
  }
}
