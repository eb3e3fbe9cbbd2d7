import type { ShellFault } from '../ports/remote-shell.js';

type PlainKind = Exclude<ShellFault['kind'], 'host_key_refused' | 'source_changed'>;

/** A fault of a shell; all but a refused host key and a changed source have this shape. */
export function shellFault(
  kind: PlainKind,
  at: { readonly host: string; readonly tried: string },
  message: string,
): ShellFault {
  return { kind, host: at.host, tried: at.tried, message };
}

/** Something on the host, or beside it, could not be opened: the host itself may well be reached. */
export function endpointUnreachable(
  endpoint: string,
  at: { readonly host: string; readonly tried: string },
  message: string,
): ShellFault {
  return { kind: 'unreachable', host: at.host, tried: at.tried, message, endpoint };
}
