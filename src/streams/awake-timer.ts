const MOST_SLICES = 8;
const LONGEST_SLICE_MS = 10_000;
const SHORTEST_SLICE_MS = 10;
/** How often a last slice that was overslept is waited for once more: a machine that is only slow has its bound all the same. */
const MOST_REPEATS = 3;

/**
 * Calls `fire` when `ms` milliseconds are over in which this process ran. Of a time in which it was stopped (Ctrl-Z, a laptop that slept, a
 * virtual machine that was paused) at most a slice counts, an eighth of the whole: an answer that came meanwhile is heard first. A timer of
 * Node's own fires before what has arrived is read. Returns what takes the timer back. It keeps no process alive when `unref` is set.
 */
export function awakeTimer(
  ms: number,
  fire: () => void,
  { unref = false }: { readonly unref?: boolean } = {},
): () => void {
  let left = ms;
  let repeats = 0;
  let timer: NodeJS.Timeout;
  const next = () => {
    const slice = Math.min(
      left,
      Math.max(SHORTEST_SLICE_MS, Math.min(LONGEST_SLICE_MS, Math.ceil(ms / MOST_SLICES))),
    );
    const since = performance.now();
    timer = setTimeout(
      () => {
        const hasOverslept = performance.now() - since > 2 * slice + SHORTEST_SLICE_MS;
        if (left > slice) left -= slice;
        else if (hasOverslept && repeats < MOST_REPEATS) repeats += 1;
        else return fire();
        next();
      },
      Math.max(0, slice),
    );
    if (unref) timer.unref();
  };
  next();
  return () => clearTimeout(timer);
}

/** A signal that fires when `ms` milliseconds are over in which this process ran; see `awakeTimer`. It keeps no process alive. */
export function awakeBound(ms: number): AbortSignal {
  return awakeTimeout(ms).signal;
}

/** The same for one who takes it back. */
export function awakeTimeout(ms: number): { readonly signal: AbortSignal } & Disposable {
  const over = new AbortController();
  const takeBack = awakeTimer(
    ms,
    () => over.abort(new DOMException(`not done within ${ms} ms`, 'TimeoutError')),
    {
      unref: true,
    },
  );
  return { signal: over.signal, [Symbol.dispose]: takeBack };
}
