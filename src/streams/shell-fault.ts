import type { ShellFault } from '../ports/remote-shell.js';

type PlainKind = Exclude<ShellFault['kind'], 'host_key_refused'>;

/** A fault of a shell; everything but a refused host key has this shape. */
export function shellFault(
  kind: PlainKind,
  at: { readonly host: string; readonly tried: string },
  message: string,
): ShellFault {
  return { kind, host: at.host, tried: at.tried, message };
}
