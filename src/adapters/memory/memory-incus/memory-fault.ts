import { type Err, err } from 'neverthrow';
import type { IncusFault } from '../../../ports/incus-fault.js';

const usualStatus: Partial<Record<IncusFault['kind'], number>> = {
  permission_denied: 403,
  not_found: 404,
  already_exists: 500,
  stale: 412,
  busy: 500,
  invalid_request: 400,
  server_error: 500,
};

/** A fault of the fake; its host is `memory`. */
export function memoryFault(kind: IncusFault['kind'], tried: string, message: string): IncusFault {
  return { kind, host: 'memory', tried, status: usualStatus[kind] ?? null, message };
}

export function refuse(kind: IncusFault['kind'], tried: string, message: string): Err<never, IncusFault> {
  return err(memoryFault(kind, tried, message));
}
