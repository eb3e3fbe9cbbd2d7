import { err, ok, type Result } from 'neverthrow';
import type { WebSocket } from 'ws';
import type { IncusFault } from '../../../ports/incus-fault.js';
import { type CallSite, fault } from '../http/call-site.js';
import { sendMessage } from './websocket.js';

const pieceBytes = 256 * 1024;

/** Standard input of a command, over its socket. Writes go out one after the other. */
export class ExecInput {
  #ended = false;
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly site: CallSite,
    private readonly socket: WebSocket,
  ) {}

  /** True once the end was handed to the transport: what happens to the socket after that is nobody's loss. */
  flushed = false;

  write(data: Uint8Array): Promise<Result<void, IncusFault>> {
    if (this.#ended) return Promise.resolve(err(this.#closed()));
    const written = this.#last.then(() => this.#sendPieces(data));
    this.#last = written;
    return written;
  }

  /** An empty text frame is the end of standard input. */
  async end(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#last;
    this.flushed = await sendMessage(this.socket, '');
  }

  async #sendPieces(data: Uint8Array): Promise<Result<void, IncusFault>> {
    for (let from = 0; from < data.length; from += pieceBytes) {
      // A Buffer view: ws masks a copy of it, so that the caller's bytes stay as they are.
      const size = Math.min(pieceBytes, data.length - from);
      const piece = Buffer.from(data.buffer, data.byteOffset + from, size);
      if (!(await sendMessage(this.socket, piece))) return err(this.#closed());
    }
    return ok(undefined);
  }

  #closed(): IncusFault {
    return fault(this.site, 'closed', 'the command takes no more input');
  }
}
