import type { IncusFault } from '../../../ports/incus-fault.js';

/**
 * A fault that was met once the daemon had taken a command. That there is no connection, or no such operation (the daemon drops one 5 s after
 * its end, and forgets all as it restarts), says nothing of the instance, and nothing of the command: that may have run. A socket that the
 * daemon itself denies keeps its command from running.
 */
export function afterStart(fault: IncusFault): IncusFault {
  const isDenied = fault.kind === 'permission_denied' && fault.status !== null;
  const saysNothing = ['unreachable', 'permission_denied', 'not_found', 'invalid_request'].includes(
    fault.kind,
  );
  return saysNothing && !isDenied ? { ...fault, kind: 'connection_lost' } : fault;
}
