import type { Clock } from '../../ports/clock.js';
import { awakeTimer } from '../../streams/awake-timer.js';
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
    return elapsed(signal, (wake) => {
      const timer = setTimeout(wake, Math.min(Math.max(0, ms), MAX_TIMER_MS));
      return () => clearTimeout(timer);
    });
  }

  bound(ms: number, signal?: AbortSignal): Promise<'elapsed' | 'aborted'> {
    return elapsed(signal, (wake) => awakeTimer(Math.max(0, ms), wake));
  }
}

/** `start` gives what takes its timer back. */
function elapsed(
  signal: AbortSignal | undefined,
  start: (wake: () => void) => () => void,
): Promise<'elapsed' | 'aborted'> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve('aborted');
    let forget = () => {};
    const takeBack = start(() => {
      forget();
      resolve('elapsed');
    });
    forget = onAbort(signal, () => {
      takeBack();
      resolve('aborted');
    });
  });
}
