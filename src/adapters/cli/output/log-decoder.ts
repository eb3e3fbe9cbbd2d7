import { TextDecoder } from 'node:util';

/** Turns the log bytes of several jobs into text: a character is never cut in two, and invalid UTF-8 becomes U+FFFD. */
export class LogDecoder {
  readonly #decoders = new Map<string, TextDecoder>();

  /** May be empty while a character is incomplete. */
  decode(jobId: string, data: Uint8Array): string {
    let decoder = this.#decoders.get(jobId);
    if (decoder === undefined) {
      decoder = new TextDecoder('utf-8', { ignoreBOM: true });
      this.#decoders.set(jobId, decoder);
    }
    return decoder.decode(data, { stream: true });
  }

  /** What was left of an incomplete character at the end of a job's log. */
  end(jobId: string): string {
    const rest = this.#decoders.get(jobId)?.decode() ?? '';
    this.#decoders.delete(jobId);
    return rest;
  }

  get openJobs(): readonly string[] {
    return [...this.#decoders.keys()];
  }
}
