import type { IncomingMessage } from 'node:http';
import { err, ok, type Result } from 'neverthrow';
import type { IncusImageDownload } from '../../../ports/incus-api.js';
import type { IncusFault } from '../../../ports/incus-fault.js';
import { type CallSite, fault } from '../http/call-site.js';
import { bodyFault } from '../http/open-answer.js';

type End = Result<{ readonly bytes: number }, IncusFault>;

/** The body of an answer as it is read: no faster than somebody takes it, and no more than `maxBytes`. */
export class ImageDownload implements IncusImageDownload {
  readonly content: AsyncIterable<Uint8Array>;
  readonly ended: Promise<End>;
  readonly #response: IncomingMessage;
  #settle: (end: End) => void = () => undefined;
  #isSettled = false;

  constructor(
    response: IncomingMessage,
    private readonly site: CallSite,
    private readonly maxBytes: number,
  ) {
    this.#response = response;
    this.ended = new Promise((resolve) => {
      this.#settle = resolve;
    });
    // A break while nobody reads would end the process.
    response.on('error', () => undefined);
    this.content = this.#read();
  }

  async *#read(): AsyncGenerator<Uint8Array> {
    let bytes = 0;
    try {
      for await (const piece of this.#response) {
        bytes += (piece as Buffer).length;
        if (bytes > this.maxBytes)
          return this.#end(
            err(fault(this.site, 'invalid_request', `the image has more than ${this.maxBytes} bytes`)),
          );
        yield piece as Buffer;
      }
      const cut = fault(this.site, 'connection_lost', 'the connection broke: the answer was cut short');
      this.#end(this.#response.complete ? ok({ bytes }) : err(cut));
    } catch (error) {
      this.#end(err(bodyFault(this.site, error)));
    } finally {
      this.#end(err(fault(this.site, 'aborted', 'the rest was not read')));
      this.#response.destroy();
    }
  }

  #end(end: End): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#settle(end);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end(err(fault(this.site, 'aborted', 'the rest was not read')));
    this.#response.destroy();
  }
}
