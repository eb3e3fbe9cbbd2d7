import { err, ok, type Result } from 'neverthrow';
import type { ExitStatus, OutputChunk } from '../../ports/output-chunk.js';
import type { CallOptions, Command, RunningCommand, ShellFault } from '../../ports/remote-shell.js';
import { pumpInput } from '../../streams/input-pump.js';
import { onAbort } from '../../streams/on-abort.js';
import { OutputQueue } from '../../streams/output-queue.js';
import { runDry } from '../../streams/run-dry.js';
import { shellFault } from '../../streams/shell-fault.js';
import type { StartedChild } from './child.js';
import { killTree } from './kill-tree.js';

export interface ChildRun {
  readonly started: StartedChild;
  readonly command: Command;
  readonly host: string;
  readonly killGraceMs: number;
}

/** A command of this machine. The first cause of its end wins and is kept. */
export class RunningChild implements RunningCommand {
  readonly exit: Promise<Result<ExitStatus, ShellFault>>;
  private readonly queue: OutputQueue;
  private readonly inputStop = new AbortController();
  private settleExit: (exit: Result<ExitStatus, ShellFault>) => void = () => {};
  private settled = false;
  private ending: Promise<void> | null = null;
  private forgetSignal = () => {};

  constructor(
    private readonly run: ChildRun,
    options: CallOptions,
  ) {
    const { child } = run.started;
    this.exit = new Promise((resolve) => {
      this.settleExit = resolve;
    });
    this.queue = new OutputQueue([child.stdout, child.stderr]);
    child.stdout.on('data', (data: Buffer) => this.queue.push('stdout', data));
    child.stderr.on('data', (data: Buffer) => this.queue.push('stderr', data));
    // A command may close its standard input or end before it has read all of it.
    child.stdin.on('error', () => this.inputStop.abort());
    const { endsWithProcess = false } = run.command;
    if (endsWithProcess) child.once('exit', (code, signal) => void this.endRest(statusOf(code, signal)));
    else child.once('close', (code, signal) => this.onClose(statusOf(code, signal)));
    this.forgetSignal = onAbort(options.signal, () => void this.end('cancelled by the caller'));
    void pumpInput(run.command.stdin, child.stdin, this.inputStop.signal).then((error) => {
      if (error !== null) void this.end(`the source of its standard input failed: ${error.message}`);
    });
  }

  get output(): AsyncIterable<OutputChunk> {
    return this.queue;
  }

  private onClose(status: ExitStatus): void {
    this.queue.end();
    if (this.ending === null) this.settle(ok(status));
  }

  /** By the token alone: the process has been waited for, so that its id may be somebody else's by now. */
  private async endRest(status: ExitStatus): Promise<void> {
    const { started, killGraceMs } = this.run;
    const { stdout, stderr } = started.child;
    await killTree(null, started.token, killGraceMs);
    await runDry(this.queue, () => this.settled || (stdout.readableEnded && stderr.readableEnded));
    stdout.destroy();
    stderr.destroy();
    this.onClose(status);
  }

  private end(why: string): Promise<void> {
    this.ending ??= this.settled ? Promise.resolve() : this.endNow(why);
    return this.ending;
  }

  private async endNow(why: string): Promise<void> {
    const { started, host, killGraceMs, command } = this.run;
    this.inputStop.abort();
    this.queue.discard();
    await killTree(started.pid, started.token, killGraceMs);
    started.child.stdout.destroy();
    started.child.stderr.destroy();
    started.child.stdin.destroy();
    this.queue.end();
    this.settle(err(shellFault('aborted', { host, tried: `run ${command.argv[0]}` }, why)));
  }

  private settle(exit: Result<ExitStatus, ShellFault>): void {
    if (this.settled) return;
    this.settled = true;
    this.inputStop.abort();
    this.forgetSignal();
    this.settleExit(exit);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.queue.discard();
    await this.end('disposed of while it ran');
  }
}

function statusOf(code: number | null, signal: NodeJS.Signals | null): ExitStatus {
  return signal === null
    ? { code: code ?? 0, signal: null }
    : { code: null, signal: signal.replace(/^SIG/, '') };
}
