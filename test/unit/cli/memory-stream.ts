import { EventEmitter, once } from 'node:events';
import { Writable } from 'node:stream';

/** A standard output whose reader can stall or go away. */
export class MemoryStream extends Writable {
  readonly #chunks: Buffer[] = [];
  readonly #changes = new EventEmitter();
  #waiting: (() => void) | null = null;
  #stalled = false;
  #error: Error | null = null;
  readonly #onTaken: (chunk: Buffer) => void;

  /** `onTaken` is whoever reads. */
  constructor(onTaken: (chunk: Buffer) => void = () => {}) {
    super();
    this.#onTaken = onTaken;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  get text(): string {
    return this.bytes.toString('utf8');
  }

  /** The reader takes nothing more until `resume`. */
  stall(): void {
    this.#stalled = true;
  }

  resume(): void {
    this.#stalled = false;
    this.#waiting?.();
    this.#waiting = null;
  }

  /** The next write fails as the system would have it. */
  failWith(code: string): void {
    this.#error = Object.assign(new Error(`write ${code}`), { code });
  }

  /** Resolves when what was written matches. */
  async shows(pattern: RegExp | string): Promise<void> {
    while (!(typeof pattern === 'string' ? this.text.includes(pattern) : pattern.test(this.text))) {
      await once(this.#changes, 'change');
    }
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    if (this.#error !== null) {
      callback(this.#error);
      return;
    }
    this.#chunks.push(Buffer.from(chunk));
    this.#onTaken(chunk);
    this.#changes.emit('change');
    if (this.#stalled) this.#waiting = callback;
    else callback();
  }
}
