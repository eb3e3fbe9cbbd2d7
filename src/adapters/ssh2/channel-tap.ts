import type { ClientChannel } from 'ssh2';
import type { ExitStatus, OutputChunk } from '../../ports/output-chunk.js';

/** Who takes what comes out of a channel. `changed` follows every change of the tap's own state. */
export interface TapSink {
  data(chunk: OutputChunk): void;
  changed(): void;
}

/**
 * Listens to a channel from the moment it is there. A short command's output, status and close come in one packet with the answer
 * to exec, and ssh2's events are gone when they have been emitted: what comes before anybody listens is kept here.
 */
export class ChannelTap {
  status: ExitStatus | null = null;
  closed = false;
  private readonly open = new Set<OutputChunk['stream']>(['stdout', 'stderr']);
  private early: OutputChunk[] = [];
  private sink: TapSink | null = null;

  constructor(readonly channel: ClientChannel) {
    this.listen('stdout', channel);
    this.listen('stderr', channel.stderr);
    channel.on('error', () => {});
    channel.on('exit', (code: number | null, signal?: string) => {
      this.status = { code, signal: code === null ? (signal ?? 'UNKNOWN').replace(/^SIG/, '') : null };
      this.sink?.changed();
    });
    channel.on('close', () => {
      this.closed = true;
      this.sink?.changed();
    });
  }

  private listen(stream: OutputChunk['stream'], source: NodeJS.ReadableStream): void {
    source.on('data', (data: Buffer) => {
      if (this.sink === null) this.early.push({ stream, data });
      else this.sink.data({ stream, data });
    });
    source.on('end', () => {
      this.open.delete(stream);
      this.sink?.changed();
    });
  }

  /** Whether an output has ended; what came before its end has been handed on. */
  ended(stream: OutputChunk['stream']): boolean {
    return this.early.length === 0 && !this.open.has(stream);
  }

  /** Hands on what was kept, and all that comes, to `sink` from now on. */
  attach(sink: TapSink): void {
    this.sink = sink;
    for (let chunk = this.early.shift(); chunk !== undefined; chunk = this.early.shift()) {
      if (this.sink !== sink) {
        this.early.unshift(chunk);
        return;
      }
      sink.data(chunk);
    }
    if (this.sink === sink) sink.changed();
  }

  /** Keeps what comes until the next sink; `unread` is put before it. */
  detach(unread: readonly OutputChunk[] = []): void {
    this.sink = null;
    this.early = [...unread, ...this.early];
  }
}
