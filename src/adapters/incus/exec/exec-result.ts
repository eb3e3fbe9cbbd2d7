import { err, ok, type Result } from 'neverthrow';
import type { IncusFault } from '../../../ports/incus-fault.js';
import { operationSchema, type WireOperation } from '../answers/schemas.js';
import { fault } from '../http/call-site.js';
import { longestWaitMs, waitFor } from '../operations/wait.js';
import { apiPath } from '../wire/api-path.js';
import type { Wire } from '../wire/wire.js';
import { afterStart } from './after-start.js';

export interface ExecResult {
  readonly code: number;
  /** The command was not found (127) or not executable (126): it never ran and its sockets carry no end mark. */
  readonly neverRan: boolean;
}

/** Waits for a command's end, as long as it takes; `signal` gives up the waiting. */
export async function execResult(
  wire: Wire,
  operation: string,
  tried: string,
  signal: AbortSignal,
): Promise<Result<ExecResult, IncusFault>> {
  const waited = await waitFor(wire, operation, { timeoutMs: longestWaitMs, signal, tried });
  if (waited.isOk()) {
    const code = returnCode(waited.value);
    return code === undefined
      ? err(fault(wire.site(tried), 'unexpected_answer', 'metadata.metadata.return: no exit code'))
      : ok({ code, neverRan: false });
  }
  if (waited.error.kind === 'not_found') {
    return err(
      fault(wire.site(tried), 'connection_lost', 'the operation disappeared, and its exit code is unknown'),
    );
  }
  if (waited.error.kind !== 'operation_failed') return err(afterStart(waited.error));
  const code = await refusedCode(wire, operation, waited.error.message, signal);
  return code === undefined ? err(waited.error) : ok({ code, neverRan: true });
}

function returnCode(operation: WireOperation): number | undefined {
  const code = operation.metadata?.['return'];
  return typeof code === 'number' && Number.isInteger(code) && code >= 0 && code <= 255 ? code : undefined;
}

/** The answer to a failed wait has no code in 6.0.4; the operation has, for the 5 s that it is kept. */
async function refusedCode(
  wire: Wire,
  operation: string,
  message: string,
  signal: AbortSignal,
): Promise<126 | 127 | undefined> {
  const found = await wire.get(operationSchema, apiPath(['operations', operation]), { signal });
  const code = found.isOk() ? returnCode(found.value) : undefined;
  if (code === 126 || code === 127) return code;
  if (/command not found/i.test(message)) return 127;
  return /command not executable/i.test(message) ? 126 : undefined;
}
