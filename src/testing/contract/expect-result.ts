import assert from 'node:assert/strict';
import type { Result } from 'neverthrow';

/** The value of a result that has to be `Ok`; the fault is shown when it is not. */
export function must<T>(result: Result<T, unknown>): T {
  if (result.isErr()) assert.fail(`expected Ok, got the fault ${JSON.stringify(result.error)}`);
  return result.value;
}

/** The fault of a result that has to be one of these kinds. */
export function mustFail<E extends { readonly kind: string }>(
  result: Result<unknown, E>,
  ...kinds: readonly E['kind'][]
): E {
  if (result.isOk()) assert.fail(`expected a fault of kind ${kinds.join(' or ')}, got Ok`);
  assert.ok(
    kinds.includes(result.error.kind),
    `expected ${kinds.join(' or ')}, got ${JSON.stringify(result.error)}`,
  );
  return result.error;
}
