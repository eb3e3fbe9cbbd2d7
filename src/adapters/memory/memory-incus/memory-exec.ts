import { err, ok, type Result } from 'neverthrow';
import type { IncusExec } from '../../../ports/incus-api.js';
import type { IncusFault } from '../../../ports/incus-fault.js';
import type { IncusExecRequest, IncusInstance } from '../../../ports/incus-types.js';
import type { ExitStatus, OutputChunk } from '../../../ports/output-chunk.js';
import { InputPipe } from './input-pipe.js';
import { memoryFault, refuse } from './memory-fault.js';
import type { MemoryFiles } from './memory-files.js';
import type { MemoryExecHandler, MemoryProcess } from './memory-process.js';
import { OutputPipe } from './output-pipe.js';

const tried = 'exec';

export interface MemoryExecStart {
  readonly instance: IncusInstance;
  readonly files: MemoryFiles;
  readonly request: IncusExecRequest;
  readonly handler: MemoryExecHandler;
  /** The connection breaks when this many bytes of output were delivered. */
  readonly dropAfterBytes: number | null;
  readonly onEnd: (exec: MemoryExec) => void;
}

/** A played command behind the port's interface, with the ends that a real one has. */
export class MemoryExec implements IncusExec {
  readonly output = new OutputPipe();
  readonly exit: Promise<Result<ExitStatus, IncusFault>>;
  readonly #stdin = new InputPipe();
  readonly #listeners: ((signal: number) => void)[] = [];
  #settled = false;
  #resolve: (exit: Result<ExitStatus, IncusFault>) => void = () => undefined;
  #left: number;

  constructor(private readonly start: MemoryExecStart) {
    this.#left = start.dropAfterBytes ?? Number.POSITIVE_INFINITY;
    this.exit = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    const { stdin } = start.request;
    if (stdin instanceof Uint8Array) void this.#stdin.write(stdin);
    if (stdin !== 'open') this.#stdin.end();
    this.#play().catch((bug: unknown) => {
      this.#settle(err(memoryFault('operation_failed', tried, `the exec handler threw: ${String(bug)}`)));
    });
  }

  async write(data: Uint8Array): Promise<Result<void, IncusFault>> {
    if (this.start.request.stdin !== 'open')
      return refuse('invalid_request', tried, 'standard input is not open');
    if (await this.#stdin.write(data)) return ok(undefined);
    return refuse('closed', tried, 'the command takes no more input');
  }

  async endInput(): Promise<void> {
    this.#stdin.end();
  }

  async sendSignal(signal: number): Promise<Result<void, IncusFault>> {
    if (this.#settled) return refuse('closed', tried, 'the command has ended');
    this.#deliver(signal);
    return ok(undefined);
  }

  async resize(): Promise<Result<void, IncusFault>> {
    return this.#settled ? refuse('closed', tried, 'the command has ended') : ok(undefined);
  }

  /** The connection goes: the caller sees the fault, the direct child is killed. */
  cutOff(why: IncusFault): void {
    this.#settle(err(why));
    this.#deliver(9);
  }

  /** The instance stopped under the command. */
  kill(): void {
    this.#deliver(9);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.output.return();
    this.cutOff(memoryFault('closed', tried, 'the command was let go of before its end'));
  }

  #deliver(signal: number): void {
    for (const listener of this.#listeners) listener(signal);
  }

  async #play(): Promise<void> {
    const { instance, files, request, handler } = this.start;
    const signalled = new Promise<number>((resolve) => this.#listeners.push(resolve));
    const process: MemoryProcess = {
      instance,
      files,
      request,
      stdin: this.#stdin,
      signalled,
      onSignal: (listener) => this.#listeners.push(listener),
    };
    const playing = handler(process);
    // SIGKILL needs nobody's consent: the handler is left where it stands.
    const killed = new Promise<'killed'>((resolve) =>
      this.#listeners.push((signal) => signal === 9 && resolve('killed')),
    );
    for (;;) {
      const step = await Promise.race([playing.next(), killed]);
      if (step === 'killed') return this.#ended(128 + 9);
      if (step.done) return this.#ended(step.value);
      await this.#deliverOutput(step.value);
    }
  }

  async #deliverOutput(chunk: OutputChunk): Promise<void> {
    const stream = this.start.request.terminal ? 'stdout' : chunk.stream;
    const data = chunk.data.length > this.#left ? chunk.data.subarray(0, this.#left) : chunk.data;
    this.#left -= data.length;
    await this.output.write({ stream, data });
    if (this.#left === 0) this.cutOff(memoryFault('connection_lost', tried, 'the connection was dropped'));
  }

  #ended(code: number): void {
    this.#stdin.close();
    this.#settle(ok({ code, signal: null }));
  }

  #settle(exit: Result<ExitStatus, IncusFault>): void {
    if (this.#settled) return;
    this.#settled = true;
    if (exit.isErr()) this.#stdin.close();
    this.output.end();
    this.#resolve(exit);
    this.start.onEnd(this);
  }
}
