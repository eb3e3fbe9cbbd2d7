import type { Clock } from '../../ports/clock.js';

/** One that waits to be placed. */
interface Waiter {
  readonly number: number;
  readonly priority: number;
  wake: AbortController;
}

/** A job's place among those of this runner that wait for room on any member. */
export interface LinePosition extends Disposable {
  /** How many wait before it. */
  readonly ahead: number;
  /** Sleeps, and ends early when its turn has come. */
  pause(ms: number, signal: AbortSignal): Promise<'elapsed' | 'aborted'>;
  /** It waits no longer: it is the turn of the next. */
  leave(): void;
}

/** The jobs of a runner that wait until a member has room: the highest priority is first, and of these who came first. Only the first one looks for room. */
export class PlaceLine {
  readonly #clock: Pick<Clock, 'sleep'>;
  #arrived = 0;
  #waiting: readonly Waiter[] = [];

  constructor(clock: Pick<Clock, 'sleep'>) {
    this.#clock = clock;
  }

  enter(priority: number): LinePosition {
    this.#arrived += 1;
    const me: Waiter = { number: this.#arrived, priority, wake: new AbortController() };
    this.#waiting = [...this.#waiting, me].sort(
      (one, other) => other.priority - one.priority || one.number - other.number,
    );
    const leave = () => {
      this.#waiting = this.#waiting.filter((other) => other !== me);
      this.#waiting[0]?.wake.abort();
    };
    const ahead = () => Math.max(0, this.#waiting.indexOf(me));
    return {
      get ahead() {
        return ahead();
      },
      pause: async (ms, signal) => {
        const slept = await this.#clock.sleep(ms, AbortSignal.any([signal, me.wake.signal]));
        if (me.wake.signal.aborted) me.wake = new AbortController();
        return signal.aborted ? 'aborted' : slept;
      },
      leave,
      [Symbol.dispose]: leave,
    };
  }
}
