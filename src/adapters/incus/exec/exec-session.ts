import { err, ok, type Result } from 'neverthrow';
import type { WebSocket } from 'ws';
import type { IncusExec } from '../../../ports/incus-api.js';
import type { IncusFault } from '../../../ports/incus-fault.js';
import type { ExitStatus, OutputChunk } from '../../../ports/output-chunk.js';
import { awakeTimer } from '../../../streams/awake-timer.js';
import { type CallSite, fault } from '../http/call-site.js';
import { ChunkQueue } from './chunk-queue.js';
import type { ExecInput } from './exec-input.js';
import type { ExecResult } from './exec-result.js';
import type { Fd } from './exec-started.js';
import { type SocketEvents, sendMessage } from './websocket.js';

type Exit = Result<ExitStatus, IncusFault>;

/** How long the result of the operation may come after a socket that broke, to say why. */
const explanationMs = 2_000;
/** How long the outputs may bring nothing after the command's end, with a reader that is not behind. */
const drainMs = 30_000;
const sigkill = 9;

/** One running command: the outputs of its sockets as one stream, and the one reason for its end. The first cause wins. */
export class ExecSession implements IncusExec {
  readonly output = new ChunkQueue<OutputChunk>((chunk) => chunk.data.length);
  readonly exit: Promise<Exit>;
  readonly #sockets = new Map<Fd, WebSocket>();
  readonly #unended: Set<Fd>;
  readonly #terminal: boolean;
  /** Each takes a timer back. */
  readonly #timers = new Set<() => void>();
  #input: ExecInput | undefined;
  #result: ExecResult | undefined;
  #settled = false;
  #controlBroke = false;
  #killSent = false;
  #progress = 0;
  #resolve: (exit: Exit) => void = () => undefined;

  constructor(
    private readonly site: CallSite,
    outputs: readonly Fd[],
    private readonly onEnd: () => void,
  ) {
    this.#unended = new Set(outputs);
    this.#terminal = outputs.includes('0');
    this.exit = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  get #terminalEnded(): boolean {
    return this.#terminal && this.#unended.size === 0;
  }

  get settled(): boolean {
    return this.#settled;
  }

  eventsOf(fd: Fd): SocketEvents {
    const stream = fd === '2' ? 'stderr' : 'stdout';
    return {
      message: (data, binary) => {
        if (!this.#unended.has(fd)) return;
        this.#progress += 1;
        if (binary && data.length > 0) this.output.push({ stream, data });
        else if (!binary && data.length === 0) this.#ended(fd);
      },
      closed: (reason, broken) => this.#lost(fd, reason, broken),
    };
  }

  attach(fd: Fd, socket: WebSocket): void {
    this.#sockets.set(fd, socket);
    if (this.#settled) socket.terminate();
    else if (this.#unended.has(fd)) this.output.addSource(socket);
  }

  attachInput(input: ExecInput): void {
    this.#input = input;
    if (this.#terminalEnded) void input.end();
  }

  /** What the operation's wait said. */
  resulted(result: Result<ExecResult, IncusFault>): void {
    if (result.isErr()) {
      this.fail(result.error);
      return;
    }
    this.#result = result.value;
    if (result.value.neverRan) this.#unended.clear();
    this.#finish();
    if (!this.#settled) this.#watchDrain(this.#progress);
  }

  /** A socket did not come to be. When the command never started, its result says why; that is worth a moment. */
  async refused(why: IncusFault): Promise<void> {
    this.#after(explanationMs, () => this.fail(why));
    await this.exit;
  }

  fail(why: IncusFault): void {
    this.#settle(err(why));
  }

  async write(data: Uint8Array): Promise<Result<void, IncusFault>> {
    return this.#input
      ? this.#input.write(data)
      : err(fault(this.site, 'invalid_request', 'standard input is not open'));
  }

  async endInput(): Promise<void> {
    await this.#input?.end();
  }

  sendSignal(signal: number): Promise<Result<void, IncusFault>> {
    if (signal === sigkill) this.#killSent = true;
    return this.#control({ command: 'signal', signal });
  }

  resize(size: { readonly columns: number; readonly rows: number }): Promise<Result<void, IncusFault>> {
    const args = { width: String(size.columns), height: String(size.rows) };
    return this.#control({ command: 'window-resize', args });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.output.return();
    this.fail(fault(this.site, 'closed', 'the command was let go of before its end'));
  }

  async #control(message: unknown): Promise<Result<void, IncusFault>> {
    const socket = this.#sockets.get('control');
    const sent = socket !== undefined && (await sendMessage(socket, JSON.stringify(message)));
    return sent ? ok(undefined) : err(fault(this.site, 'closed', 'the command has ended'));
  }

  #ended(fd: Fd): void {
    this.#unended.delete(fd);
    // A terminal's socket goes both ways, and the daemon waits for the end of the other one before it tells the result.
    if (this.#terminalEnded) void this.#input?.end();
    this.#finish();
  }

  #lost(fd: Fd, reason: string, broken: boolean): void {
    if (this.#settled) return;
    if (fd === 'control') this.#controlBroke ||= broken;
    const cutOff = this.#unended.has(fd) || (fd === '0' && this.#input?.flushed === false);
    if (!cutOff) return;
    // The daemon drops the sockets of a command that failed to start or has ended; then the result is on its way.
    this.#after(explanationMs, () => {
      const ended = this.#result !== undefined && !this.#unended.has(fd);
      if (!ended)
        this.fail(fault(this.site, 'connection_lost', `the socket of fd ${fd} was cut off: ${reason}`));
    });
    if (this.#unended.has(fd) && this.#result)
      this.fail(fault(this.site, 'connection_lost', `fd ${fd}: ${reason}`));
  }

  #finish(): void {
    if (!this.#result || this.#unended.size > 0) return;
    const { code } = this.#result;
    // Incus kills the child of a broken control socket: that exit is the connection's, not the command's.
    const killedByLoss = code === 128 + sigkill && this.#controlBroke && !this.#killSent;
    if (!killedByLoss) this.#settle(ok({ code, signal: null }));
    else
      this.fail(fault(this.site, 'connection_lost', 'the control socket broke and Incus killed the command'));
  }

  #watchDrain(seen: number): void {
    this.#after(drainMs, () => {
      if (this.output.held || this.#progress !== seen) this.#watchDrain(this.#progress);
      else this.fail(fault(this.site, 'connection_lost', 'the command ended but its output did not'));
    });
  }

  #after(ms: number, act: () => void): void {
    const takeBack = awakeTimer(ms, () => {
      this.#timers.delete(takeBack);
      if (!this.#settled) act();
    });
    this.#timers.add(takeBack);
  }

  #settle(exit: Exit): void {
    if (this.#settled) return;
    this.#settled = true;
    for (const takeBack of this.#timers) takeBack();
    this.output.end();
    for (const socket of this.#sockets.values()) socket.terminate();
    this.#resolve(exit);
    this.onEnd();
  }
}
