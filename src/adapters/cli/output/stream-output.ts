import type { Writable } from 'node:stream';

/** Unread bytes above which log is left out of the output. Emitters that await `drained` never come near it. */
export const MAX_BACKLOG = 16 * 1024 * 1024;

/** Writes to a stream of the process without losing sight of how far the reader has come, or that it has gone. */
export class StreamOutput {
  readonly #stream: Writable;
  #droppedBytes = 0;
  #failure: NodeJS.ErrnoException | null = null;

  /**
   * `onFailure` is called once, when the reader has gone (`EPIPE`) or the device refuses (`ENOSPC`); nothing is written
   * after that. The listener stays on the stream for good: a late `EPIPE` must not end the process.
   */
  constructor(stream: Writable, onFailure: (error: NodeJS.ErrnoException) => void = () => undefined) {
    this.#stream = stream;
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (this.#failure !== null) return;
      this.#failure = error;
      onFailure(error);
    });
  }

  /** Why nothing is written any more; null while the stream works. */
  get failure(): NodeJS.ErrnoException | null {
    return this.#failure;
  }

  /** Bytes that the reader has not taken yet. */
  get backlog(): number {
    return this.#gone ? 0 : this.#stream.writableLength;
  }

  write(data: Uint8Array | string): void {
    if (!this.#gone && data.length > 0) this.#stream.write(data);
  }

  /** Writes log, which may be left out: when the reader has stalled and the emitter did not wait, memory must not grow without end. */
  offer(data: Uint8Array | string): void {
    if (this.backlog > MAX_BACKLOG) this.#droppedBytes += Buffer.byteLength(data);
    else this.write(data);
  }

  /** Bytes that `offer` left out. */
  get droppedBytes(): number {
    return this.#droppedBytes;
  }

  /** Resolves when the stream takes more without piling it up, or when it takes nothing at all any more. Never rejects. */
  drained(): Promise<void> {
    if (this.#gone || !this.#stream.writableNeedDrain) return Promise.resolve();
    return new Promise((resolve) => {
      const events = ['drain', 'close', 'error'] as const;
      const done = () => {
        for (const event of events) this.#stream.off(event, done);
        resolve();
      };
      for (const event of events) this.#stream.on(event, done);
    });
  }

  /** Resolves when the reader has taken everything, or has gone. Never rejects. */
  async flushed(): Promise<void> {
    while (!this.#gone && this.#stream.writableLength > 0) {
      await new Promise<void>((resolve) => {
        this.#stream.once('close', resolve);
        this.#stream.write('', () => {
          this.#stream.off('close', resolve);
          resolve();
        });
      });
    }
  }

  get #gone(): boolean {
    return this.#failure !== null || this.#stream.destroyed || this.#stream.writableEnded;
  }
}
