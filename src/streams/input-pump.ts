import type { Writable } from 'node:stream';
import { onAbort } from './on-abort.js';

async function* once(data: Uint8Array): AsyncGenerator<Uint8Array> {
  if (data.length > 0) yield data;
}

/** Waits for `drain`, or for `stop`; a writable that is gone never drains. */
function drained(writable: Writable, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      writable.removeListener('drain', done);
      forget();
      resolve();
    };
    let forget = () => {};
    writable.once('drain', done);
    forget = onAbort(stop, done);
  });
}

function stopped(stop: AbortSignal): { promise: Promise<'stopped'>; forget: () => void } {
  let forget = () => {};
  const promise = new Promise<'stopped'>((resolve) => {
    forget = onAbort(stop, () => resolve('stopped'));
  });
  return { promise, forget };
}

/**
 * Writes `input` into a command's standard input and ends it, waiting whenever the other side is slow. `stop` is fired when
 * the command is over; the source's iterator is then closed. Resolves to the error of a source that threw, else to `null`.
 */
export async function pumpInput(
  input: Uint8Array | AsyncIterable<Uint8Array> | undefined,
  writable: Writable,
  stop: AbortSignal,
): Promise<Error | null> {
  const source = input === undefined || input instanceof Uint8Array ? once(input ?? new Uint8Array()) : input;
  const iterator = source[Symbol.asyncIterator]();
  const stopping = stopped(stop);
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), stopping.promise]);
      if (next === 'stopped') {
        // Not awaited: a source that is stuck in its own read would hold the command's end back.
        iterator.return?.().then(undefined, () => {});
        return null;
      }
      if (next.done) break;
      if (!writable.write(next.value)) await drained(writable, stop);
    }
    writable.end();
    return null;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  } finally {
    stopping.forget();
  }
}
