import type { Clock } from '../../ports/clock.js';
import { onAbort } from '../../streams/on-abort.js';
import { untilOverdue } from '../step/overdue.js';

/** All of a collecting, in milliseconds. */
const WHOLE_MS = 30 * 60_000;
/** A guest from which nothing comes for so many milliseconds is waited for no longer: it lists and packs in streams. */
const SILENCE_MS = 60_000;
/** The same once somebody wants an end. */
const HURRIED_SILENCE_MS = 15_000;
/** Of a silence, its last milliseconds are counted in slices: what came while this process was stopped is heard first. */
const MARGIN_MS = 5000;
const SLICE_MS = 1000;

/** What ends a collecting early. */
export interface CollectCall {
  /** Ends it at once. */
  readonly signal: AbortSignal;
  /** Somebody wants an end: what still comes is taken, and a guest that brings nothing is not waited for as long as otherwise. */
  readonly hurry?: AbortSignal | undefined;
}

/** How long a guest is waited for that brings nothing. Only the waits for it count, not what is done here with what came. */
export class Patience implements Disposable {
  /** Fires when it has ended, or when the caller ends the collecting. */
  readonly signal: AbortSignal;
  readonly #clock: Clock;
  readonly #stop = new AbortController();
  readonly #over = new AbortController();
  readonly #onEnd: (why: string) => void;
  readonly #forget: () => void;
  #waits = 0;
  #heardAt: number;
  #heard = 0;

  /** `onEnd` hears why before the signal fires. */
  constructor(clock: Clock, { signal, hurry }: CollectCall, onEnd: (why: string) => void) {
    this.#clock = clock;
    this.#onEnd = onEnd;
    this.#heardAt = clock.monotonic();
    this.signal = AbortSignal.any([signal, this.#stop.signal]);
    const isHeldUp = () => false;
    void untilOverdue({ clock, boundMs: WHOLE_MS, isHeldUp }, this.#over.signal).then((end) => {
      if (end === 'overdue') this.#end(`not done within ${WHOLE_MS / 60_000} minutes`);
    });
    void this.#watch(SILENCE_MS, '');
    this.#forget = onAbort(hurry, () => {
      this.progressed();
      void this.#watch(HURRIED_SILENCE_MS, 'interrupted, and ');
    });
  }

  /** Something came. */
  progressed(): void {
    this.#heard++;
    this.#heardAt = this.#clock.monotonic();
  }

  /** Waits for the guest; that counts. */
  async waitFor<T>(answer: PromiseLike<T>): Promise<T> {
    this.progressed();
    this.#waits++;
    try {
      return await answer;
    } finally {
      this.#waits--;
    }
  }

  /** Passes on what comes, and counts only while nothing does. */
  async *heard(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    const from = pieces[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await this.waitFor(from.next());
        if (next.done === true) return;
        yield next.value;
      }
    } finally {
      await from.return?.();
    }
  }

  [Symbol.dispose](): void {
    this.#over.abort();
    this.#forget();
  }

  async #watch(silenceMs: number, whatElse: string): Promise<void> {
    const pause = (ms: number) => this.#clock.sleep(ms, this.#over.signal);
    for (;;) {
      const waited = this.#waits === 0 ? 0 : this.#clock.monotonic() - this.#heardAt;
      const left = silenceMs - MARGIN_MS - waited;
      if (left > 0) {
        if ((await pause(left)) === 'aborted') return;
        continue;
      }
      const before = this.#heard;
      for (let counted = 0; counted < MARGIN_MS && this.#isSilentSince(before); counted += SLICE_MS)
        if ((await pause(SLICE_MS)) === 'aborted') return;
      if (this.#isSilentSince(before)) {
        this.#end(`${whatElse}nothing came from the guest for ${silenceMs / 1000} s`);
        return;
      }
    }
  }

  #isSilentSince(heard: number): boolean {
    return this.#waits > 0 && this.#heard === heard;
  }

  #end(why: string): void {
    if (this.signal.aborted || this.#over.signal.aborted) return;
    this.#onEnd(why);
    this.#stop.abort();
    this.#over.abort();
  }
}
