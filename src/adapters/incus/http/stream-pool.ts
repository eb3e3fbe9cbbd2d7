import type { Duplex } from 'node:stream';
import { err, ok, type Result } from 'neverthrow';
import type { CallOptions, ShellFault } from '../../../ports/remote-shell.js';
import type { SocketDialer } from '../../../ports/socket-dialer.js';
import { withSocketShape } from './socket-shape.js';

/**
 * Dialed streams on which nothing has been said yet. Streams that were dialed ahead and turned out not to be needed are kept
 * for the next call, so that no call pays for a dial that already happened.
 */
export class StreamPool {
  readonly #spare = new Set<Duplex>();
  #closed = false;

  constructor(
    private readonly dialer: SocketDialer,
    private readonly dialTimeoutMs: number,
    private readonly maxSpare = 8,
  ) {}

  get spare(): number {
    return this.#spare.size;
  }

  /** A stream of the caller's own, fresh or spare. Bounded by the dial timeout. */
  async take(options: CallOptions = {}): Promise<Result<Duplex, ShellFault>> {
    if (this.#closed) return err(this.#fault('closed', 'the Incus connection was closed by its owner'));
    for (const stream of this.#spare) {
      this.#forget(stream);
      if (!stream.destroyed) return ok(stream);
    }
    return this.#dial(options.signal);
  }

  /** Takes back a stream on which nothing was sent. */
  giveBack(stream: Duplex): void {
    if (this.#closed || stream.destroyed || this.#spare.size >= this.maxSpare) {
      stream.on('error', () => undefined).destroy();
      return;
    }
    this.#spare.add(stream);
    stream.on('error', this.#onLost).on('close', this.#onLost).on('end', this.#onLost);
    // A server that hangs up on an idle stream is noticed only while the stream flows; nothing is sent before a request.
    stream.resume();
    (stream as Duplex & { unref?: () => void }).unref?.();
  }

  /** Dials ahead; a failure shows when the stream is wanted. */
  async prepare(): Promise<void> {
    const dialed = await this.#dial(undefined);
    if (dialed.isOk()) this.giveBack(dialed.value);
  }

  close(): void {
    this.#closed = true;
    for (const stream of this.#spare) {
      this.#forget(stream);
      stream.on('error', () => undefined).destroy();
    }
  }

  async #dial(signal: AbortSignal | undefined): Promise<Result<Duplex, ShellFault>> {
    const bound = AbortSignal.timeout(this.dialTimeoutMs);
    const dialed = await this.dialer.dial({ signal: signal ? AbortSignal.any([signal, bound]) : bound });
    if (dialed.isErr()) {
      const timedOut = bound.aborted && !signal?.aborted && dialed.error.kind === 'aborted';
      return timedOut ? err(this.#fault('unreachable', `no connection in ${this.dialTimeoutMs} ms`)) : dialed;
    }
    if (!this.#closed) return ok(withSocketShape(dialed.value));
    dialed.value.on('error', () => undefined).destroy();
    return err(this.#fault('closed', 'the Incus connection was closed by its owner'));
  }

  #fault(kind: 'closed' | 'unreachable', message: string): ShellFault {
    return { kind, host: this.dialer.endpoint, tried: `dial ${this.dialer.endpoint}`, message };
  }

  #forget(stream: Duplex): void {
    this.#spare.delete(stream);
    stream.off('error', this.#onLost).off('close', this.#onLost).off('end', this.#onLost);
    (stream as Duplex & { ref?: () => void }).ref?.();
  }

  readonly #onLost = (): void => {
    for (const stream of this.#spare) {
      if (!stream.destroyed && !stream.readableEnded) continue;
      this.#spare.delete(stream);
      stream.destroy();
    }
  };
}
