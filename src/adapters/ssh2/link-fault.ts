import type { ShellFault } from '../../ports/remote-shell.js';
import { shellFault } from '../../streams/shell-fault.js';
import type { LinkFault } from './link.js';

/** A fault of a link in the shell's words. */
export function faultOfLink(
  fault: LinkFault,
  at: { readonly host: string; readonly tried: string },
): ShellFault {
  if (fault.kind === 'lost') return shellFault('connection_lost', at, fault.message);
  return shellFault(
    'spawn_failed',
    at,
    `${fault.message}; the server refuses sessions: look at MaxSessions and at the limits of the login`,
  );
}
