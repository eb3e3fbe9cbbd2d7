import type { OutputChunk } from '../../../ports/output-chunk.js';

const highWater = 512 * 1024;

/** A bounded pipe from one writer to one reader: the writer waits while the reader is behind. */
export class OutputPipe implements AsyncIterableIterator<OutputChunk, undefined> {
  readonly #chunks: OutputChunk[] = [];
  #bytes = 0;
  #closed = false;
  #wakeReader: () => void = () => undefined;
  #wakeWriter: () => void = () => undefined;

  async write(chunk: OutputChunk): Promise<void> {
    if (this.#closed || chunk.data.length === 0) return;
    this.#chunks.push(chunk);
    this.#bytes += chunk.data.length;
    this.#wakeReader();
    while (this.#bytes > highWater && !this.#closed) {
      await new Promise<void>((resolve) => {
        this.#wakeWriter = resolve;
      });
    }
  }

  /** What was written is still read. */
  end(): void {
    this.#closed = true;
    this.#wakeReader();
    this.#wakeWriter();
  }

  async next(): Promise<IteratorResult<OutputChunk, undefined>> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk) {
        this.#bytes -= chunk.data.length;
        this.#wakeWriter();
        return { value: chunk, done: false };
      }
      if (this.#closed) return { value: undefined, done: true };
      await new Promise<void>((resolve) => {
        this.#wakeReader = resolve;
      });
    }
  }

  /** The reader wants no more; the writer goes on without being held up. */
  async return(): Promise<IteratorResult<OutputChunk, undefined>> {
    this.#chunks.length = 0;
    this.#bytes = 0;
    this.end();
    return { value: undefined, done: true };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
