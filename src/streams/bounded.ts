/** Waits for `work`, but no longer than `ms` and only until `signal` fires; the work itself goes on. Never rejects unless `work` does. */
export async function bounded<T>(
  work: Promise<T>,
  limits: { readonly ms?: number; readonly signal?: AbortSignal | undefined },
): Promise<T | 'timed_out' | 'aborted'> {
  const { ms, signal } = limits;
  let timer: NodeJS.Timeout | undefined;
  let onAbort: (() => void) | undefined;
  try {
    const waits: Promise<T | 'timed_out' | 'aborted'>[] = [work];
    if (ms !== undefined) {
      waits.push(
        new Promise((resolve) => {
          timer = setTimeout(() => resolve('timed_out'), ms);
        }),
      );
    }
    if (signal !== undefined) {
      waits.push(
        new Promise((resolve) => {
          onAbort = () => resolve('aborted');
          if (signal.aborted) onAbort();
          else signal.addEventListener('abort', onAbort, { once: true });
        }),
      );
    }
    return await Promise.race(waits);
  } finally {
    clearTimeout(timer);
    if (onAbort !== undefined) signal?.removeEventListener('abort', onAbort);
  }
}
