import { err, ok, type Result } from 'neverthrow';
import type { WaitOptions } from '../../../ports/incus-api.js';
import type { IncusFault } from '../../../ports/incus-fault.js';
import type { WireOperation } from '../answers/schemas.js';
import { fault } from '../http/call-site.js';
import type { Wire, WireRequest } from '../wire/wire.js';
import { waitFor } from './wait.js';

type Done = Promise<Result<void, IncusFault>>;

export interface OperationCall extends WaitOptions {
  readonly request: Omit<WireRequest, 'signal' | 'timeoutMs'>;
  /** For the request and the wait together. */
  readonly timeoutMs: number;
  /** Tells from the daemon's state whether the operation did its work, for when it vanished before it was waited for. */
  readonly confirm?: () => Promise<boolean>;
}

/** Sends a request and, when it started an operation, waits for its end at once. */
export async function run(wire: Wire, call: OperationCall): Done {
  return (await runToEnd(wire, call)).map(() => undefined);
}

/** The same, with the operation as it ended; null where there was none, or nothing is known of it but that it did its work. */
export async function runToEnd(
  wire: Wire,
  call: OperationCall,
): Promise<Result<WireOperation | null, IncusFault>> {
  const site = wire.siteOf(call.request);
  const startedAt = performance.now();
  const bounded = { timeoutMs: call.timeoutMs, ...(call.signal ? { signal: call.signal } : {}) };
  const called = await wire.call({ ...call.request, ...bounded });
  if (called.isErr()) return err(called.error);
  const { accepted } = called.value;
  if (accepted.type === 'sync') return ok(null);
  const left = Math.max(1, Math.ceil(call.timeoutMs - (performance.now() - startedAt)));
  const ended = await waitFor(wire, accepted.operation, {
    ...bounded,
    timeoutMs: left,
    tried: site.tried,
  });
  if (ended.isOk()) return ok(ended.value);
  if (ended.error.kind !== 'not_found') return err(ended.error);
  if (await call.confirm?.()) return ok(null);
  return err(fault(site, 'operation_failed', 'the operation disappeared and had no effect'));
}
