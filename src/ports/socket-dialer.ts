import type { Duplex } from 'node:stream';
import type { Result } from 'neverthrow';
import type { CallOptions, ShellFault } from './remote-shell.js';

/**
 * Opens byte streams to one fixed endpoint: a unix socket, the same socket through an SSH channel, a TLS port, or the
 * two pipes of a dial command. The caller owns the stream and destroys it. A lost connection destroys the stream with an
 * error; it never looks like its end.
 */
export interface SocketDialer {
  /** For messages, such as `user@host:22 unix:/var/lib/incus/unix.socket`. */
  readonly endpoint: string;
  /**
   * For use at once: Incus serves no other client of its unix socket until a new connection has said something (seen with
   * 6.0.4), so a stream must not be opened ahead of its request.
   */
  dial(options?: CallOptions): Promise<Result<Duplex, ShellFault>>;
}
