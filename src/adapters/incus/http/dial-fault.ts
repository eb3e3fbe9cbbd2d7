import type { IncusFault } from '../../../ports/incus-fault.js';
import type { ShellFault } from '../../../ports/remote-shell.js';
import { type CallSite, fault } from './call-site.js';

/** Carries a dialer's fault through node:http, which knows errors only. */
export class DialError extends Error {
  constructor(readonly fault: ShellFault) {
    super(fault.message);
    this.name = 'DialError';
  }
}

function kindOf(dial: ShellFault): IncusFault['kind'] {
  switch (dial.kind) {
    case 'aborted':
    case 'closed':
    case 'connection_lost':
      return dial.kind;
    case 'authentication_failed':
      return 'permission_denied';
    default:
      // A socket that exists but is closed to this user is another matter than one that is not there.
      return /EACCES|permission denied/i.test(dial.message) ? 'permission_denied' : 'unreachable';
  }
}

/** What the dialer said, in the words of the Incus port. */
export function dialFault(site: CallSite, dial: ShellFault): IncusFault {
  return { ...fault(site, kindOf(dial), dial.message), cause: dial };
}
