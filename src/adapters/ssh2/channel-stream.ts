import { SocketLike } from '../../streams/socket-like.js';
import type { ChannelTap } from './channel-tap.js';
import type { SshLink } from './link.js';

export interface ChannelStreamOptions {
  /** What comes on standard error, where the channel has one. */
  readonly onStderr?: (data: Uint8Array) => void;
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
    private readonly tap: ChannelTap,
    private readonly options: ChannelStreamOptions = {},
  ) {
    super({ allowHalfOpen: false });
    tap.attach({
      data: ({ stream, data }) => {
        if (stream === 'stderr') options.onStderr?.(data);
        else if (!this.destroyed && !this.push(data)) tap.channel.pause();
      },
      changed: () => {
        if (tap.ended('stdout') || tap.closed) void this.endOnce();
      },
    });
    this.forget = link.onLost((reason) => this.destroy(new Error(`connection lost: ${reason}`)));
  }

  override _read(): void {
    this.tap.channel.resume();
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.tap.channel.write(chunk, () => done());
  }

  override _final(done: () => void): void {
    this.tap.channel.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.forget();
    this.tap.channel.close();
    // Read on, or the channel never reports that it is closed.
    this.tap.channel.resume();
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
