import { SocketLike } from '../../streams/socket-like.js';
import type { StartedChild } from './child.js';
import { killTree } from './kill-tree.js';

const STDERR_TAIL = 2_000;
const KILL_GRACE_MS = 1_000;
/** How long the end of the output waits for the exit status that explains it, milliseconds. */
const STATUS_WAIT_MS = 1_000;

/** A child's standard input and output as one stream. A child that fails makes the stream fail; destroying it ends the child. */
export class ChildStream extends SocketLike {
  private stderr = '';
  private over = false;
  private statusTimer: NodeJS.Timeout | undefined;

  constructor(
    private readonly started: StartedChild,
    tried: string,
  ) {
    super({ allowHalfOpen: false });
    const { child } = started;
    child.stdout.on('data', (data: Buffer) => {
      if (!this.destroyed && !this.push(data)) child.stdout.pause();
    });
    child.stderr.on('data', (data: Buffer) => {
      this.stderr = (this.stderr + data.toString('utf8')).slice(-STDERR_TAIL);
    });
    child.stdin.on('error', () => {});
    child.stdout.once('end', () => {
      // A child that goes on without an output waits for the end of its input.
      if (!this.over) this.statusTimer = setTimeout(() => this.push(null), STATUS_WAIT_MS);
    });
    child.once('close', (code, signal) => {
      this.over = true;
      clearTimeout(this.statusTimer);
      if (this.destroyed) return;
      if (code === 0) this.push(null);
      else this.destroy(new Error(`${tried} ended with ${code ?? signal}: ${this.stderr.trim()}`));
    });
  }

  override _read(): void {
    this.started.child.stdout.resume();
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.started.child.stdin.write(chunk, (error) => {
      // A child that has ended refuses its input before it is known how it ended.
      if (error && !this.over) setTimeout(() => done(error), STATUS_WAIT_MS);
      else done(error);
    });
  }

  override _final(done: () => void): void {
    this.started.child.stdin.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const { child, pid, token } = this.started;
    clearTimeout(this.statusTimer);
    child.stdin.destroy();
    child.stdout.resume();
    if (!this.over) void killTree(pid, token, KILL_GRACE_MS);
    done(error);
  }
}
