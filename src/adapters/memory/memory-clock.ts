import type { Clock } from '../../ports/clock.js';
import { onAbort } from '../../streams/on-abort.js';

interface Sleeper {
  readonly at: number;
  wake(): void;
}

/** Which sleeps pass by themselves. */
export interface MemoryClockOptions {
  /** Sleeps of up to this many ms end at once, and move time; none do when it is left out. */
  readonly skipUpToMs?: number;
}

/** Time that stands still until it is moved. */
export class MemoryClock implements Clock {
  private elapsed = 0;
  private sleepers: Sleeper[] = [];
  private readonly onSleep: (() => void)[] = [];

  /** `startMs`: what `now()` says at first, milliseconds since the epoch. */
  constructor(
    private startMs = Date.UTC(2024, 0, 1),
    private readonly options: MemoryClockOptions = {},
  ) {}

  now(): number {
    return this.startMs + this.elapsed;
  }

  monotonic(): number {
    return this.elapsed;
  }

  /** Sets `now()` by so many ms, as somebody may who sets a clock; no sleep takes notice. */
  set(byMs: number): void {
    this.startMs += byMs;
  }

  /** How many sleeps have not ended yet. */
  get sleeping(): number {
    return this.sleepers.length;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<'elapsed' | 'aborted'> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve('aborted');
      if (ms > 0 && ms <= (this.options.skipUpToMs ?? 0)) {
        this.elapsed += ms;
        this.wakeDue(this.elapsed);
        return resolve('elapsed');
      }
      let forget = () => {};
      const sleeper: Sleeper = {
        at: this.elapsed + Math.max(0, ms),
        wake: () => {
          forget();
          resolve('elapsed');
        },
      };
      this.sleepers.push(sleeper);
      forget = onAbort(signal, () => {
        this.sleepers = this.sleepers.filter((one) => one !== sleeper);
        resolve('aborted');
      });
      this.wakeDue(this.elapsed);
      for (const tell of this.onSleep.splice(0)) tell();
    });
  }

  /** This time stops for nobody. */
  bound(ms: number, signal?: AbortSignal): Promise<'elapsed' | 'aborted'> {
    return this.sleep(ms, signal);
  }

  /** Resolves when somebody sleeps until exactly `ms` from now. */
  async asleepFor(ms: number): Promise<void> {
    while (!this.sleepers.some((sleeper) => sleeper.at === this.elapsed + ms)) {
      await new Promise<void>((resolve) => this.onSleep.push(resolve));
    }
  }

  /** Moves time on; sleeps end in the order of their time, also those that begin on the way. */
  async advance(ms: number): Promise<void> {
    const end = this.elapsed + ms;
    for (;;) {
      const next = Math.min(...this.sleepers.map((sleeper) => sleeper.at));
      if (next > end) break;
      this.elapsed = Math.max(this.elapsed, next);
      this.wakeDue(this.elapsed);
      // Whoever woke may go to sleep again within this very advance.
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.elapsed = end;
  }

  private wakeDue(at: number): void {
    const due = this.sleepers.filter((sleeper) => sleeper.at <= at).sort((a, b) => a.at - b.at);
    this.sleepers = this.sleepers.filter((sleeper) => sleeper.at > at);
    for (const sleeper of due) sleeper.wake();
  }
}
