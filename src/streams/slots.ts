import { onAbort } from './on-abort.js';

/** A place that was taken; give it back exactly once (further calls do nothing). */
export type ReleaseSlot = () => void;

/** A fixed number of places, given out in the order of asking. */
export class Slots {
  private readonly waiting: (() => void)[] = [];
  private taken = 0;

  constructor(readonly size: number) {}

  get free(): number {
    return Math.max(0, this.size - this.taken);
  }

  /** Waits for a place; `null` when `signal` fired first. */
  async take(signal?: AbortSignal): Promise<ReleaseSlot | null> {
    if (signal?.aborted) return null;
    if (this.taken < this.size) {
      this.taken += 1;
      return this.releaseOnce();
    }
    return new Promise((resolve) => {
      const granted = () => {
        forget();
        resolve(this.releaseOnce());
      };
      this.waiting.push(granted);
      const forget = onAbort(signal, () => {
        this.waiting.splice(this.waiting.indexOf(granted), 1);
        resolve(null);
      });
    });
  }

  private releaseOnce(): ReleaseSlot {
    let released = false;
    return () => {
      if (released) return;
      released = true;
      const next = this.waiting.shift();
      if (next === undefined) this.taken -= 1;
      else next();
    };
  }
}
