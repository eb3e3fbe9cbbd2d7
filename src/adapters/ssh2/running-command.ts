import { err, ok, type Result } from 'neverthrow';
import type { ExitStatus, OutputChunk } from '../../ports/output-chunk.js';
import type { CallOptions, Command, RunningCommand, ShellFault } from '../../ports/remote-shell.js';
import { pumpInput } from '../../streams/input-pump.js';
import { onAbort } from '../../streams/on-abort.js';
import { OutputQueue } from '../../streams/output-queue.js';
import { runDry } from '../../streams/run-dry.js';
import { shellFault } from '../../streams/shell-fault.js';
import { endedByHost } from './channel-end.js';
import type { Ssh2Connection } from './connection.js';
import type { ExecChannel } from './exec-channel.js';
import { killCommand } from './process-kill.js';

type Exit = Result<ExitStatus, ShellFault>;

/** A command on a session channel. The first cause of its end wins and is kept. */
export class Ssh2RunningCommand implements RunningCommand {
  readonly exit: Promise<Exit>;
  private readonly queue: OutputQueue;
  private readonly inputStop = new AbortController();
  private readonly settleExit: (exit: Exit) => void;
  private settled = false;
  private lost = false;
  private readonly endsWithProcess: boolean;
  private rest: Promise<void> | null = null;
  private ending: Promise<void> | null = null;
  private readonly cleanUps: (() => void)[] = [];

  constructor(
    private readonly connection: Ssh2Connection,
    private readonly exec: ExecChannel,
    { stdin, endsWithProcess = false }: Pick<Command, 'stdin' | 'endsWithProcess'>,
    options: CallOptions,
  ) {
    this.endsWithProcess = endsWithProcess;
    let settle: (exit: Exit) => void = () => {};
    this.exit = new Promise((resolve) => {
      settle = resolve;
    });
    this.settleExit = settle;
    const { tap, link } = exec;
    const { channel } = tap;
    this.queue = new OutputQueue([channel, channel.stderr]);
    // Before anything that may end the command at once.
    this.cleanUps.push(exec.release);
    tap.attach({ data: ({ stream, data }) => this.queue.push(stream, data), changed: () => this.onChange() });
    if (!this.settled) this.cleanUps.push(link.onLost((reason) => this.onLost(reason)));
    if (!this.settled)
      this.cleanUps.push(onAbort(options.signal, () => void this.end('cancelled by the caller')));
    void pumpInput(stdin, channel, this.inputStop.signal).then((error) => {
      if (error !== null) void this.end(`the source of its standard input failed: ${error.message}`);
    });
  }

  get output(): AsyncIterable<OutputChunk> {
    return this.queue;
  }

  private onChange(): void {
    const { tap } = this.exec;
    if (this.endsWithProcess && tap.status !== null) {
      this.rest ??= this.endRest(tap.status);
      return;
    }
    if (!tap.ended('stdout') || !tap.ended('stderr')) return;
    this.queue.end();
    if (!tap.closed || this.ending !== null) return;
    if (tap.status !== null) this.settle(ok(tap.status));
    // A channel that closes without a status has lost its command: sshd's child was killed, or the connection went.
    else this.settle(err(this.fault('connection_lost', 'the channel closed without an exit status')));
  }

  /** By the token alone: the host has waited for the process, so that its id may be somebody else's by now. */
  private async endRest(status: ExitStatus): Promise<void> {
    const { link, token, tap } = this.exec;
    await killCommand({ connection: this.connection, link, token, pid: null });
    await runDry(this.queue, () => this.settled || (tap.ended('stdout') && tap.ended('stderr')));
    if (this.ending !== null) return;
    this.queue.end();
    tap.channel.close();
    this.settle(ok(status));
  }

  private onLost(reason: string): void {
    this.lost = true;
    const { status, channel } = this.exec.tap;
    if (status !== null && endedByHost(channel)) this.settle(ok(status));
    else this.settle(err(this.fault('connection_lost', reason)));
    this.queue.end();
  }

  /** Ends the process tree, once. */
  private end(why: string): Promise<void> {
    this.ending ??= this.endNow(why);
    return this.ending;
  }

  private async endNow(why: string): Promise<void> {
    if (this.settled && !this.lost) return;
    const { link, token, pid, tap } = this.exec;
    this.inputStop.abort();
    this.queue.discard();
    await killCommand({ connection: this.connection, link, token, pid });
    tap.channel.close();
    this.queue.end();
    this.settle(err(this.fault('aborted', why)));
  }

  private settle(exit: Exit): void {
    if (this.settled) return;
    this.settled = true;
    this.inputStop.abort();
    for (const cleanUp of this.cleanUps.splice(0)) cleanUp();
    this.settleExit(exit);
  }

  private fault(kind: 'connection_lost' | 'aborted', message: string): ShellFault {
    return shellFault(kind, { host: this.connection.host, tried: this.exec.tried }, message);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.settled && !this.lost) {
      this.queue.discard();
      return;
    }
    await this.end('disposed of while it ran');
  }
}
