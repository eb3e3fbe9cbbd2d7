import { err, ok, type Result } from 'neverthrow';
import type { IncusFault } from '../../../ports/incus-fault.js';
import type { CallOptions } from '../../../ports/remote-shell.js';
import { answerFault, operationFault } from '../answers/answer-fault.js';
import { envelopeOf } from '../answers/envelope.js';
import { parseValue } from '../answers/parse.js';
import { operationSchema, type WireOperation } from '../answers/schemas.js';
import { type CallSite, fault } from '../http/call-site.js';
import type { HttpAnswer } from '../http/exchange.js';
import { apiPath } from '../wire/api-path.js';
import type { Wire } from '../wire/wire.js';

/** Longest delay that a timer of node takes; a wait with no bound of its own uses it. */
export const longestWaitMs = 2 ** 31 - 1;

// Status codes of operations: doc/rest-api.md, "Status codes".
const success = 200;
const failure = 400;

/**
 * Waits for an operation's end. `not_found` means that the operation is gone (Incus drops it 5 s after its end), and nothing
 * else: a failed operation has another kind, whatever number it carries.
 */
export async function waitFor(
  wire: Wire,
  id: string,
  options: CallOptions & { readonly timeoutMs: number; readonly tried?: string },
): Promise<Result<WireOperation, IncusFault>> {
  // The daemon gives up a little later than this side, so that the bound is exact and nothing waits for us for ever.
  const timeout = Math.ceil(Math.min(options.timeoutMs, longestWaitMs) / 1000) + 1;
  const path = apiPath(['operations', id, 'wait'], { timeout: String(timeout) });
  const site = wire.site(options.tried ?? `GET ${path}`);
  const answer = await wire.send({
    method: 'GET',
    path,
    timeoutMs: options.timeoutMs,
    ...(options.signal ? { signal: options.signal } : {}),
  });
  return answer.mapErr((lost) => ({ ...lost, tried: site.tried })).andThen((given) => waited(site, given));
}

/** Reads both shapes of the answer: 6.0.4 says failure and timeout as an error, 6.0.5 and later as an operation. */
function waited(site: CallSite, answer: HttpAnswer): Result<WireOperation, IncusFault> {
  return envelopeOf(site, answer).andThen((envelope) => {
    if (envelope.type === 'error') {
      return answer.status >= 400
        ? err(answerFault(site, answer.status, envelope.error))
        : err(operationFault(site, envelope.error_code, envelope.error));
    }
    return parseValue(site, operationSchema, envelope.metadata, 'metadata').andThen((operation) =>
      endOf(site, operation),
    );
  });
}

function endOf(site: CallSite, operation: WireOperation): Result<WireOperation, IncusFault> {
  const { status_code: code } = operation;
  if (code === success) return ok(operation);
  // Running, pending, cancelling …: the wait ended and the operation did not.
  if (code < success)
    return err(fault(site, 'timed_out', `the operation is still ${operation.status}`, code));
  const message =
    operation.err || (code === failure ? 'the operation failed' : `the operation was ${operation.status}`);
  return err(operationFault(site, code, message));
}
