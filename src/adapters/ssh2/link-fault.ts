import type { ShellFault } from '../../ports/remote-shell.js';
import { shellFault } from '../../streams/shell-fault.js';
import type { LinkFault } from './link.js';

/** What ssh2 says when what begins an SFTP session is no packet: the number is the first four bytes. */
const NO_PACKET = /^Packet length (\d+) exceeds max length/;

/** A fault of a link in the shell's words. */
export function faultOfLink(
  fault: LinkFault,
  at: { readonly host: string; readonly tried: string },
): ShellFault {
  if (fault.kind === 'lost') return shellFault('connection_lost', at, fault.message);
  return shellFault('spawn_failed', at, loginShellText(fault) ?? `${fault.message}${hint(fault)}`);
}

/** An external sftp-server is started by the login shell, and what that prints comes before the protocol, or instead of it. */
function loginShellText({ message }: LinkFault): string | null {
  const length = NO_PACKET.exec(message)?.[1];
  if (length === undefined) return null;
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(Number(length));
  const begins = JSON.stringify(bytes.toString('latin1'));
  return `the login shell of the user prints something (it begins with ${begins}) where the SFTP server has to answer; look at ~/.bashrc and the like on the host, and let them print in interactive shells only, or set "Subsystem sftp internal-sftp" in its sshd_config, which needs no shell`;
}

function hint({ reason }: LinkFault): string {
  return reason === undefined
    ? '; look at the login shell of the user, and at Subsystem in sshd_config where it is about SFTP'
    : '; the server refuses sessions: look at MaxSessions and at the limits of the login';
}
