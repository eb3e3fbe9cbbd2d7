import type { IncusFault } from '../../../ports/incus-fault.js';
import type { GuestFault } from '../../supervisor/guest.js';

/** A virtual machine is running before its agent is; asking again is all there is to do. */
const AGENT_NOT_YET = /agent is(n't| not) (currently )?running/i;
/** The daemon waited in vain for the streams of the command, which then never ran: the guest has not been asked. */
const STREAMS_NOT_THERE = /timed out waiting for websockets? to connect/i;

/** What an API fault means for somebody who talks to a machine that was started. */
export function guestFault(fault: IncusFault): GuestFault {
  const seen = { message: fault.message, cause: fault };
  if ([AGENT_NOT_YET, STREAMS_NOT_THERE].some((text) => text.test(fault.message)))
    return { kind: 'connection_lost', ...seen };
  switch (fault.kind) {
    case 'unreachable':
    case 'connection_lost':
    case 'busy':
    case 'server_error':
    case 'timed_out':
      return { kind: 'connection_lost', ...seen };
    case 'not_found':
      return { kind: 'gone', ...seen, message: 'the instance is not there any more' };
    case 'invalid_request':
      return /not running|not started|is stopped/i.test(fault.message)
        ? { kind: 'not_running', ...seen, message: 'the instance does not run' }
        : { kind: 'refused', ...seen };
    case 'aborted':
    case 'closed':
      return { kind: 'aborted', ...seen };
    case 'permission_denied':
    case 'already_exists':
    case 'quota_reached':
    case 'stale':
    case 'operation_failed':
    case 'unexpected_answer':
      return { kind: 'refused', ...seen };
  }
}
