import type { Result } from 'neverthrow';

/** A measurement whose work failed is no measurement: the run ends with what went wrong. */
export function value<T>(result: Result<T, { readonly message: string }>, what: string): T {
  if (result.isErr()) throw new Error(`${what}: ${result.error.message}`);
  return result.value;
}
