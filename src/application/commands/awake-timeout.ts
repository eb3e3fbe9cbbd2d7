const SLICE_MS = 1000;

export interface AwakeTimeout extends Disposable {
  /** Fires when the time is over. */
  readonly signal: AbortSignal;
}

/**
 * A bound that is counted in slices: of the time for which this process was stopped (Ctrl-Z, a laptop that slept) at most one counts, so
 * that what ended meanwhile is heard first.
 */
export function awakeTimeout(ms: number): AwakeTimeout {
  const over = new AbortController();
  let left = ms;
  let timer: NodeJS.Timeout;
  const next = () => {
    const slice = Math.min(SLICE_MS, left);
    timer = setTimeout(() => {
      left -= slice;
      if (left <= 0) over.abort();
      else next();
    }, slice);
    timer.unref();
  };
  next();
  return { signal: over.signal, [Symbol.dispose]: () => clearTimeout(timer) };
}
