import type { Clock } from '../../ports/clock.js';

/** How long a reader has to take the rest, ms, once the step has been left or cancelled. */
const READER_MS = 2000;

/** A reader that has stalled must not keep a step from being left or ended. False when it was waited for long enough. */
export async function untilRead(
  reading: Promise<unknown>,
  clock: Clock,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const over = new AbortController();
  const left = new Promise<boolean>((resolve) => {
    const leave = () => void clock.bound(READER_MS, over.signal).then(() => resolve(false));
    if (signal?.aborted === true) leave();
    else signal?.addEventListener('abort', leave, { once: true, signal: over.signal });
  });
  const isRead = await Promise.race([reading.then(() => true), left]);
  over.abort();
  return isRead;
}
