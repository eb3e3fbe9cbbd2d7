import { setMaxListeners } from 'node:events';

/** Calls `listener` when `signal` fires, at once when it has. Returns what takes the listener away again. */
export function onAbort(signal: AbortSignal | undefined, listener: () => void): () => void {
  if (signal === undefined) return () => {};
  if (signal.aborted) {
    listener();
    return () => {};
  }
  // One signal may rightly cancel hundreds of calls; Node takes more than ten listeners for a leak.
  setMaxListeners(0, signal);
  signal.addEventListener('abort', listener, { once: true });
  return () => signal.removeEventListener('abort', listener);
}
