import { setMaxListeners } from 'node:events';

/** What asks a process to end. */
export type EndingSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

/** Calls its handler at every such signal of the process until what it returns is called. */
export type OnSignal = (handler: (signal: EndingSignal) => void) => () => void;

/** In words, when it is asked for. */
export interface WhatHappensNow {
  /** What a first signal does. */
  first(): string;
  /** What a TERM behind it does. */
  hurried?(): string;
}

/**
 * Signals that ask the process to end, and what each means. The first one, whichever it is, aborts `signal`, so that what runs ends
 * cleanly. A further INT is a person who presses Ctrl-C again and means "leave at once": the hooks are called, synchronously, and `left`
 * resolves. A further TERM is a forge whose patience is at its end (GitHub's runner sends INT, TERM after 7.5 s and KILL after 2.5 s more):
 * it aborts `hurry`, by which what is being ended gets no more grace, and the rest of the time is for collecting. A further HUP means nothing.
 */
export class Interrupts {
  readonly #controller = new AbortController();
  readonly #hurry = new AbortController();
  readonly #leaveHooks = new Set<() => void>();
  readonly #onSignal: OnSignal;
  readonly left: Promise<void>;
  #wasEarly = false;
  #leave: () => void = () => undefined;
  #stopListening: () => void = () => undefined;

  constructor(onSignal: OnSignal) {
    this.#onSignal = onSignal;
    // Every job listens, and there may be many.
    setMaxListeners(0, this.#controller.signal, this.#hurry.signal);
    this.left = new Promise((resolve) => {
      this.#leave = resolve;
    });
  }

  /** From here on signals of the process end what runs, and no more the process. */
  listen(): void {
    this.#stopListening();
    this.#stopListening = this.#onSignal((signal) => this.interrupt(signal));
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

  /** Fires when what is being ended has to end now. */
  get hurry(): AbortSignal {
    return this.#hurry.signal;
  }

  /** A signal of the process. */
  interrupt(signal: EndingSignal): void {
    if (!this.signal.aborted) {
      this.#controller.abort('interrupted');
      return;
    }
    if (signal === 'SIGTERM') this.#hurry.abort('SIGTERM');
    if (signal !== 'SIGINT') return;
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

  /** Says what the first signal does, and that a TERM behind it is heard; the returned function stops that. */
  tell(say: (message: string) => void, now: WhatHappensNow): () => void {
    const first = () => say(`${this.reason}: ${now.first()}; Ctrl-C leaves at once`);
    const hurried = () =>
      say(`terminated while it ends: ${now.hurried?.() ?? 'what still runs gets no more grace'}`);
    this.signal.addEventListener('abort', first, { once: true });
    this.hurry.addEventListener('abort', hurried, { once: true });
    return () => {
      this.signal.removeEventListener('abort', first);
      this.hurry.removeEventListener('abort', hurried);
    };
  }

  /** `hook` says what is left behind; the returned function takes it back. */
  onLeave(hook: () => void): () => void {
    this.#leaveHooks.add(hook);
    return () => this.#leaveHooks.delete(hook);
  }
}
