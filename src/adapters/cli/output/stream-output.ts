import { EventEmitter, once } from 'node:events';
import type { Writable } from 'node:stream';

/** Unread bytes above which log is left out of the output. Emitters that await `drained` never come near it. */
export const MAX_BACKLOG = 16 * 1024 * 1024;

/** Writes to a stream of the process without losing sight of how far the reader has come, or that it has gone. */
export class StreamOutput {
  readonly #stream: Writable;
  readonly #onFailure: (error: NodeJS.ErrnoException) => void;
  readonly #settled = new EventEmitter();
  #draining: Promise<void> | null = null;
  #pendingWrites = 0;
  #droppedBytes = 0;
  #failure: NodeJS.ErrnoException | null = null;

  /**
   * `onFailure` is called once, when the reader has gone (`EPIPE`) or the device refuses (`ENOSPC`); nothing is written
   * after that. The listener stays on the stream for good: a late `EPIPE` must not end the process.
   */
  constructor(stream: Writable, onFailure: (error: NodeJS.ErrnoException) => void = () => undefined) {
    this.#stream = stream;
    this.#onFailure = onFailure;
    stream.on('error', (error) => this.#fail(error));
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
    if (this.#gone || data.length === 0) return;
    this.#pendingWrites += 1;
    this.#stream.write(data, (error) => {
      if (error) this.#fail(error);
      this.#pendingWrites -= 1;
      if (this.#pendingWrites === 0) this.#settled.emit('settled');
    });
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
    // All who wait share one promise, however many jobs there are.
    this.#draining ??= new Promise((resolve) => {
      const events = ['drain', 'close', 'error'] as const;
      const done = () => {
        for (const event of events) this.#stream.off(event, done);
        this.#draining = null;
        resolve();
      };
      for (const event of events) this.#stream.on(event, done);
    });
    return this.#draining;
  }

  /** Resolves when the reader has taken everything, or has gone. Never rejects. */
  async flushed(): Promise<void> {
    while (this.#failure === null && this.#pendingWrites > 0) await once(this.#settled, 'settled');
  }

  #fail(error: NodeJS.ErrnoException): void {
    if (this.#failure !== null) return;
    this.#failure = error;
    this.#settled.emit('settled');
    this.#onFailure(error);
  }

  get #gone(): boolean {
    return this.#failure !== null || this.#stream.destroyed || this.#stream.writableEnded;
  }
}
