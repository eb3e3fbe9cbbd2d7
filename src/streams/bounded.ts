import { awakeTimer } from './awake-timer.js';
import { onAbort } from './on-abort.js';

/** Waits for `work`, but no longer than `ms` and only until `signal` fires; the work itself goes on. Never rejects unless `work` does. */
export async function bounded<T>(
  work: Promise<T>,
  limits: { readonly ms?: number; readonly signal?: AbortSignal | undefined },
): Promise<T | 'timed_out' | 'aborted'> {
  const { ms, signal } = limits;
  let takeBack = () => {};
  let forget = () => {};
  try {
    const waits: Promise<T | 'timed_out' | 'aborted'>[] = [work];
    if (ms !== undefined) {
      waits.push(
        new Promise((resolve) => {
          takeBack = awakeTimer(ms, () => resolve('timed_out'));
        }),
      );
    }
    if (signal !== undefined) {
      waits.push(
        new Promise((resolve) => {
          forget = onAbort(signal, () => resolve('aborted'));
        }),
      );
    }
    return await Promise.race(waits);
  } finally {
    takeBack();
    forget();
  }
}
