import type { ClientChannel } from 'ssh2';
import { SocketLike } from '../../streams/socket-like.js';
import type { SshLink } from './link.js';

export interface ChannelStreamOptions {
  /** Bytes that were read from the channel before. */
  readonly head?: Uint8Array;
  /** Asked when the other side ends: an error makes the end a failure. */
  readonly endProblem?: () => Promise<Error | null>;
  /** Called once when the stream is gone, however that came. */
  readonly onGone?: () => void;
}

/** A channel as a byte stream that fails when the connection is lost. ssh2's own channel just ends then. */
export class ChannelStream extends SocketLike {
  private readonly forget: () => void;
  private ending = false;

  constructor(
    link: SshLink,
    private readonly channel: ClientChannel,
    private readonly options: ChannelStreamOptions = {},
  ) {
    super({ allowHalfOpen: false });
    if (options.head !== undefined && options.head.length > 0) this.push(options.head);
    channel.on('data', (data: Buffer) => {
      if (!this.destroyed && !this.push(data)) channel.pause();
    });
    channel.on('end', () => this.endOnce());
    channel.on('close', () => this.endOnce());
    channel.on('error', (error: Error) => this.destroy(error));
    this.forget = link.onLost((reason) => this.destroy(new Error(`connection lost: ${reason}`)));
  }

  override _read(): void {
    this.channel.resume();
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.channel.write(chunk, () => done());
  }

  override _final(done: () => void): void {
    this.channel.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.forget();
    this.channel.close();
    // Read on, or the channel never reports that it is closed.
    this.channel.resume();
    this.options.onGone?.();
    done(error);
  }

  private async endOnce(): Promise<void> {
    if (this.ending || this.destroyed) return;
    this.ending = true;
    const problem = (await this.options.endProblem?.()) ?? null;
    if (this.destroyed) return;
    if (problem === null) this.push(null);
    else this.destroy(problem);
  }
}
