import type { OutputChunk } from '../ports/output-chunk.js';

/** A stream that can be told to wait: a child's stdout, one half of a channel. */
export interface Pausable {
  pause(): unknown;
  resume(): unknown;
}

const DEFAULT_HIGH_WATER = 256 * 1024;

/**
 * What a running command has written and nobody has read yet, in the order of arrival. Holds about `highWater` bytes: above that
 * its sources are paused, so that a slow reader slows the writer down. Ends, never throws. One reader at a time.
 */
export class OutputQueue implements AsyncIterable<OutputChunk> {
  private readonly chunks: OutputChunk[] = [];
  private bytes = 0;
  private pushed = 0;
  private ended = false;
  private discarding = false;
  private wake: (() => void) | null = null;

  constructor(
    private readonly sources: readonly Pausable[],
    private readonly highWater = DEFAULT_HIGH_WATER,
  ) {}

  push(stream: OutputChunk['stream'], data: Uint8Array): void {
    if (this.ended || this.discarding || data.length === 0) return;
    this.chunks.push({ stream, data });
    this.bytes += data.length;
    this.pushed += data.length;
    if (this.bytes >= this.highWater) for (const source of this.sources) source.pause();
    this.signalReader();
  }

  /** Bytes that have come so far. */
  get received(): number {
    return this.pushed;
  }

  /** Its sources are paused until somebody reads. */
  get isFull(): boolean {
    return this.bytes >= this.highWater;
  }

  /** No more will come; what is queued can still be read. */
  end(): void {
    this.ended = true;
    this.signalReader();
  }

  /** Drops what is queued and all that comes, so that the sources run dry instead of waiting for a reader that is gone. */
  discard(): void {
    this.discarding = true;
    this.chunks.length = 0;
    this.bytes = 0;
    for (const source of this.sources) source.resume();
    this.signalReader();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<OutputChunk> {
    try {
      for (;;) {
        const chunk = this.chunks.shift();
        if (chunk !== undefined) {
          const wasFull = this.bytes >= this.highWater;
          this.bytes -= chunk.data.length;
          if (wasFull && this.bytes < this.highWater) for (const source of this.sources) source.resume();
          yield chunk;
        } else if (this.ended || this.discarding) {
          return;
        } else {
          await new Promise<void>((resolve) => {
            this.wake = resolve;
          });
        }
      }
    } finally {
      // A reader that leaves early must not stall the command: from here on its output is dropped.
      this.discard();
    }
  }

  private signalReader(): void {
    this.wake?.();
    this.wake = null;
  }
}
