import assert from 'node:assert/strict';
import type { Result } from 'neverthrow';
import type { IncusFault } from '../../../ports/incus-fault.js';

/** The value of a call that has to succeed. */
export function okOf<T>(result: Result<T, IncusFault>): T {
  if (result.isOk()) return result.value;
  assert.fail(`${result.error.tried}: ${result.error.kind}: ${result.error.message}`);
}

/** The fault of a call that has to fail, of one of these kinds, with the parts that a message to a person needs. */
export function faultOf(result: Result<unknown, IncusFault>, ...kinds: IncusFault['kind'][]): IncusFault {
  if (result.isOk()) assert.fail(`a fault of kind ${kinds.join(' or ')} was due, and the call succeeded`);
  const { error } = result;
  assert.ok(kinds.includes(error.kind), `${error.kind} instead of ${kinds.join(' or ')}: ${error.message}`);
  assert.notEqual(error.host, '');
  assert.notEqual(error.tried, '');
  assert.notEqual(error.message, '');
  return error;
}
