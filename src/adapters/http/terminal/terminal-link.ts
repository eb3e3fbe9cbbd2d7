import type { Result } from 'neverthrow';
import type { RawData, WebSocket } from 'ws';
import { z } from 'zod';
import type { GuestShell, ShellCall } from '../../../application/machine/guest-shell.js';
import { awakeTimer } from '../../../streams/awake-timer.js';

const sizeSchema = z.object({
  columns: z.number().int().min(2).max(1000),
  rows: z.number().int().min(2).max(1000),
});
type Size = z.infer<typeof sizeSchema>;

export interface TerminalBounds {
  /** Without a key from the person it is ended then. */
  readonly idleMs: number;
  readonly lifeMs: number;
  /** A peer that does not answer a ping within this has gone. */
  readonly pingMs: number;
}

const SIZE_WITHIN_MS = 10_000;
const CLOSE_WITHIN_MS = 2_000;
/** RFC 6455, 7.4.1: normal, and going away. */
const CLOSED = { done: 1000, away: 1001 } as const;

/**
 * One terminal of a page: what the shell shows goes out as binary messages, keys come in as binary ones, and sizes as JSON in text; the first
 * size opens the shell. The last message is JSON that says how it ended.
 */
export class TerminalLink {
  readonly #socket: WebSocket;
  readonly #bounds: TerminalBounds;
  readonly #ended = new AbortController();
  readonly #forget: (() => void)[] = [];
  #stopIdle: () => void = () => undefined;
  #done: Promise<void> = Promise.resolve();
  #first: (size: Size) => void = () => undefined;
  #shell: GuestShell | null = null;
  #writing: Promise<unknown> = Promise.resolve();

  constructor(socket: WebSocket, bounds: TerminalBounds) {
    this.#socket = socket;
    this.#bounds = bounds;
  }

  /** Until the shell or the connection has ended. */
  run(open: (call: ShellCall) => Promise<Result<GuestShell, { readonly message: string }>>): Promise<void> {
    this.#done = this.#run(open).catch((error: unknown) => {
      console.error(error);
      this.#say('this is a bug in pikaci, please report it');
    });
    return this.#done.finally(() => this.#leave());
  }

  /** Ends the shell, and says why. */
  async end(why: string): Promise<void> {
    this.#ended.abort(why);
    await this.#done;
  }

  async #run(
    open: (call: ShellCall) => Promise<Result<GuestShell, { readonly message: string }>>,
  ): Promise<void> {
    const { signal } = this.#ended;
    const size = await this.#begin();
    if (size === null) return this.#say(String(signal.reason));
    const opened = await open({ ...size, term: 'xterm-256color', signal });
    if (opened.isErr()) return this.#say(opened.error.message);
    await using shell = opened.value;
    this.#shell = shell;
    const over = new Promise<'over'>((resolve) => {
      if (signal.aborted) resolve('over');
      else signal.addEventListener('abort', () => resolve('over'), { once: true });
    });
    const shown = this.#show(shell).then(() => shell.exit);
    const exit = await Promise.race([shown, over]);
    if (exit === 'over') return this.#say(String(signal.reason));
    if (exit.isErr()) return this.#say(exit.error.message);
    const { code, signal: by } = exit.value;
    this.#say(code === null ? `the shell was ended by ${by}` : `the shell has ended with status ${code}`);
  }

  async #show(shell: GuestShell): Promise<void> {
    for await (const { data } of shell.output) {
      if (this.#ended.signal.aborted) return;
      // Who does not read is not read for: the shell waits.
      await new Promise<void>((resolve) => this.#socket.send(data, { binary: true }, () => resolve()));
    }
  }

  /** Hears the page from now on; its first size, or null when it says none. */
  #begin(): Promise<Size | null> {
    const { lifeMs, pingMs } = this.#bounds;
    const socket = this.#socket;
    const bound = (ms: number, why: string) => awakeTimer(ms, () => this.#ended.abort(why), { unref: true });
    this.#forget.push(bound(lifeMs, `a terminal is open for ${lifeMs / 3_600_000} h at most`));
    let answered = true;
    const ping = setInterval(() => {
      if (!answered && !socket.isPaused) socket.terminate();
      answered = false;
      socket.ping();
    }, pingMs);
    ping.unref();
    this.#forget.push(() => clearInterval(ping));
    socket.on('pong', () => {
      answered = true;
    });
    socket.on('error', () => socket.terminate());
    socket.on('close', () => this.#ended.abort('the page has gone'));
    this.#isUsed();
    return new Promise((resolve) => {
      const stop = bound(SIZE_WITHIN_MS, 'the page has not said how large its terminal is');
      this.#forget.push(stop);
      this.#ended.signal.addEventListener('abort', () => resolve(null), { once: true });
      this.#first = (size) => {
        stop();
        resolve(size);
      };
      socket.on('message', (data, isBinary) => this.#hear(data, isBinary));
    });
  }

  #hear(data: RawData, isBinary: boolean): void {
    const bytes = Buffer.isBuffer(data)
      ? data
      : Buffer.concat([data].flat().map((part) => Buffer.from(part as ArrayBuffer)));
    if (isBinary) {
      this.#isUsed();
      // Until the guest has taken it, no more is read.
      this.#socket.pause();
      this.#writing = this.#writing
        .then(() => this.#shell?.write(bytes))
        .finally(() => this.#socket.resume());
      return;
    }
    const size = sizeSchema.safeParse(parsed(bytes));
    if (!size.success) this.#ended.abort('the page has said something that is no size');
    else if (this.#shell === null) this.#first(size.data);
    else void this.#shell.resize(size.data);
  }

  #isUsed(): void {
    const { idleMs } = this.#bounds;
    this.#stopIdle();
    const why = `nothing was typed for ${idleMs / 60_000} min`;
    this.#stopIdle = awakeTimer(idleMs, () => this.#ended.abort(why), { unref: true });
  }

  #say(ended: string): void {
    this.#socket.send(JSON.stringify({ ended }), () => undefined);
    this.#socket.close(this.#ended.signal.aborted ? CLOSED.away : CLOSED.done);
  }

  #leave(): void {
    this.#stopIdle();
    for (const forget of this.#forget) forget();
    this.#socket.resume();
    awakeTimer(CLOSE_WITHIN_MS, () => this.#socket.terminate(), { unref: true });
  }
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return null;
  }
}
