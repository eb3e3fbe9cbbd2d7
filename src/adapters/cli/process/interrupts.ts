import { setMaxListeners } from 'node:events';

/**
 * Ctrl-C and its like. The first one aborts `signal`, so that what runs ends cleanly; the second one means "leave at once":
 * the hooks are called, synchronously, and `left` resolves.
 */
export class Interrupts {
  readonly #controller = new AbortController();
  readonly #leaveHooks = new Set<() => void>();
  readonly left: Promise<void>;
  #leave: () => void = () => undefined;

  constructor() {
    // Every job listens, and there may be many.
    setMaxListeners(0, this.#controller.signal);
    this.left = new Promise((resolve) => {
      this.#leave = resolve;
    });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** A signal of the process. */
  interrupt(): void {
    if (!this.signal.aborted) {
      this.#controller.abort('interrupted');
      return;
    }
    for (const hook of this.#leaveHooks) hook();
    this.#leaveHooks.clear();
    this.#leave();
  }

  /** Why `signal` was aborted, in words. */
  get reason(): string {
    return String(this.signal.reason);
  }

  /** Ends what runs for another reason than a signal of the process. May be called again: it never means "leave". */
  abort(reason: string): void {
    this.#controller.abort(reason);
  }

  /** `hook` says what is left behind; the returned function takes it back. */
  onLeave(hook: () => void): () => void {
    this.#leaveHooks.add(hook);
    return () => this.#leaveHooks.delete(hook);
  }
}
