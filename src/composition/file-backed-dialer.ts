import { readFile } from 'node:fs/promises';
import type { Duplex } from 'node:stream';
import { err, type Result } from 'neverthrow';
import type { CallOptions, ShellFault } from '../ports/remote-shell.js';
import type { SocketDialer } from '../ports/socket-dialer.js';

/** A dialer whose certificates are read when it is first used, so that making a pikaci does no I/O. */
export class FileBackedDialer implements SocketDialer {
  readonly endpoint: string;
  readonly #paths: readonly string[];
  readonly #make: (texts: readonly string[]) => SocketDialer;
  #dialer: SocketDialer | null = null;

  constructor(endpoint: string, paths: readonly string[], make: (texts: readonly string[]) => SocketDialer) {
    this.endpoint = endpoint;
    this.#paths = paths;
    this.#make = make;
  }

  async dial(options: CallOptions = {}): Promise<Result<Duplex, ShellFault>> {
    try {
      this.#dialer ??= this.#make(await Promise.all(this.#paths.map((path) => readFile(path, 'utf8'))));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return err({
        kind: 'unreachable',
        host: this.endpoint,
        tried: 'read the certificates',
        message,
        endpoint: this.endpoint,
      });
    }
    return this.#dialer.dial(options);
  }
}
