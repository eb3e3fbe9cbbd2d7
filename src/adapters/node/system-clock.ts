import type { Clock } from '../../ports/clock.js';
import { onAbort } from '../../streams/on-abort.js';

/** setTimeout(3) of Node fires at once for more than this. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** The machine's own time. */
export class SystemClock implements Clock {
  now(): number {
    return Date.now();
  }

  monotonic(): number {
    return performance.now();
  }

  sleep(ms: number, signal?: AbortSignal): Promise<'elapsed' | 'aborted'> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve('aborted');
      let forget = () => {};
      const timer = setTimeout(
        () => {
          forget();
          resolve('elapsed');
        },
        Math.min(Math.max(0, ms), MAX_TIMER_MS),
      );
      forget = onAbort(signal, () => {
        clearTimeout(timer);
        resolve('aborted');
      });
    });
  }
}
