import { err, type Result } from 'neverthrow';

/** Does long work whose fruit is of no use once something else that is `needed` has failed: then it is called off, and that fault is the answer. */
export async function abortWhenPointless<T, F>(
  needed: readonly Promise<Result<unknown, F>>[],
  work: (signal: AbortSignal) => Promise<Result<T, F>>,
  signal: AbortSignal,
): Promise<Result<T, F>> {
  const hopeless = new AbortController();
  let first: { readonly fault: F } | null = null;
  for (const one of needed) {
    void one.then((result) => {
      if (result.isOk()) return;
      first ??= { fault: result.error };
      hopeless.abort();
    });
  }
  const done = await work(AbortSignal.any([signal, hopeless.signal]));
  const missed = first as { readonly fault: F } | null;
  return done.isErr() && missed !== null ? err(missed.fault) : done;
}
