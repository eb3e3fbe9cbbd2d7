import { setMaxListeners } from 'node:events';

/**
 * Ctrl-C and its like. The first one aborts `signal`, so that what runs ends cleanly; the second one means "leave at once":
 * the hooks are called, synchronously, and `left` resolves.
 */
export class Interrupts {
  readonly #controller = new AbortController();
  readonly #leaveHooks = new Set<() => void>();
  readonly #onSignal: (handler: () => void) => () => void;
  readonly left: Promise<void>;
  #wasEarly = false;
  #leave: () => void = () => undefined;
  #stopListening: () => void = () => undefined;

  /** `onSignal` calls its handler at every signal of the process until what it returns is called. */
  constructor(onSignal: (handler: () => void) => () => void) {
    this.#onSignal = onSignal;
    // Every job listens, and there may be many.
    setMaxListeners(0, this.#controller.signal);
    this.left = new Promise((resolve) => {
      this.#leave = resolve;
    });
  }

  /** From here on signals of the process end what runs, and no more the process. */
  listen(): void {
    this.#stopListening();
    this.#stopListening = this.#onSignal(() => this.interrupt());
  }

  stopListening(): void {
    this.#stopListening();
    this.#stopListening = () => undefined;
  }

  /** Nothing has begun that would have to be ended: a signal meanwhile ends the process, whatever `work` is stuck in. */
  async before<T>(work: () => Promise<T>): Promise<T> {
    this.stopListening();
    try {
      return await work();
    } finally {
      this.listen();
    }
  }

  /**
   * In `before`, what a signal ends cleanly before it ends the command: a first one aborts what `work` is given, and the command is then
   * cancelled, whatever else it says.
   */
  async cleanly<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    this.listen();
    try {
      return await work(this.signal);
    } finally {
      this.stopListening();
      this.#wasEarly ||= this.signal.aborted;
    }
  }

  /** A signal came before anything had begun. */
  get wasEarly(): boolean {
    return this.#wasEarly;
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
