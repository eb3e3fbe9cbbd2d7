import { err, ok, type Result } from 'neverthrow';
import type { ExitStatus, OutputChunk } from '../../ports/output-chunk.js';
import type { CallOptions, Command, RunningCommand, ShellFault } from '../../ports/remote-shell.js';
import { onAbort } from '../../streams/on-abort.js';
import { OutputQueue } from '../../streams/output-queue.js';
import { shellFault } from '../../streams/shell-fault.js';
import type { MemoryHandler, MemoryRun } from './memory-handler.js';

/** A scripted command. The first cause of its end wins and is kept. */
export class MemoryCommand implements RunningCommand {
  readonly exit: Promise<Result<ExitStatus, ShellFault>>;
  private readonly queue = new OutputQueue([]);
  private readonly stop = new AbortController();
  private settle: (exit: Result<ExitStatus, ShellFault>) => void = () => {};

  constructor(
    private readonly at: { readonly host: string; readonly tried: string },
    command: Command,
    options: CallOptions,
    handlers: readonly MemoryHandler[],
  ) {
    this.exit = new Promise((resolve) => {
      this.settle = resolve;
    });
    const forget = onAbort(options.signal, () => this.end('aborted', 'cancelled by the caller'));
    void this.exit.then(forget);
    void this.play(command, handlers);
  }

  get output(): AsyncIterable<OutputChunk> {
    return this.queue;
  }

  lose(): void {
    this.end('connection_lost', 'the connection was lost, as the test said');
  }

  private async play(command: Command, handlers: readonly MemoryHandler[]): Promise<void> {
    const run: MemoryRun = {
      command: withoutTimeout(command),
      stdin: () => allOf(command.stdin),
      write: (stream, data) => this.queue.push(stream, Buffer.from(data)),
      stopped: this.stop.signal,
    };
    try {
      const ended = await answer(run, handlers);
      this.queue.end();
      this.settle(ok(typeof ended === 'number' ? { code: ended, signal: null } : ended));
    } catch (error) {
      this.end(
        'aborted',
        `the command's script failed: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }

  private end(kind: 'aborted' | 'connection_lost', message: string): void {
    this.stop.abort();
    this.queue.end();
    this.settle(err(shellFault(kind, this.at, message)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.end('aborted', 'disposed of while it ran');
  }
}

/** The first handler's answer that is one; a command that nobody knows is not found, as in a shell. */
async function answer(run: MemoryRun, handlers: readonly MemoryHandler[]): Promise<number | ExitStatus> {
  for (const handler of handlers) {
    const ended = handler(run);
    if (ended !== undefined) return ended;
  }
  run.write('stderr', `${run.command.argv[0]}: not found\n`);
  return 127;
}

/** What timeout(1) runs; no command of a test takes as long as that. */
function withoutTimeout(command: Command): Command {
  const [program, option, , , first, ...rest] = command.argv;
  return program === 'timeout' && option === '-k' && first !== undefined
    ? { ...command, argv: [first, ...rest] }
    : command;
}

async function allOf(input: Command['stdin']): Promise<Uint8Array> {
  if (input === undefined || input instanceof Uint8Array) return input ?? new Uint8Array();
  const pieces: Uint8Array[] = [];
  for await (const piece of input) pieces.push(piece);
  return Buffer.concat(pieces);
}
