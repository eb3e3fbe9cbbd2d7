import { err, ok, type Result } from 'neverthrow';
import type {
  CallOptions,
  Command,
  RemoteShell,
  RunningCommand,
  ShellFault,
  TreeDownload,
  TreeTransfer,
  TreeUpload,
} from '../../ports/remote-shell.js';
import { commandProblem } from '../../streams/command-check.js';
import { shellFault } from '../../streams/shell-fault.js';
import { MemoryCommand } from './memory-command.js';
import type { MemoryHandler } from './memory-handler.js';

/** What moves trees for a memory shell; the local shell does, where a test wants real directories. */
export type MemoryTrees = Pick<RemoteShell, 'uploadTree' | 'downloadTree'>;

/** A shell that answers from handlers, asked in the order in which they were added. Records what was asked of it. */
export class MemoryShell implements RemoteShell {
  readonly commands: Command[] = [];
  readonly uploads: TreeUpload[] = [];
  readonly downloads: TreeDownload[] = [];
  private readonly handlers: MemoryHandler[] = [];
  private readonly running = new Set<MemoryCommand>();
  private lostCalls = 0;
  private closed = false;

  constructor(
    readonly host = 'memory',
    private readonly trees: MemoryTrees | null = null,
  ) {}

  /** Adds a handler, which is asked after those that are there. */
  handle(handler: MemoryHandler): this {
    this.handlers.push(handler);
    return this;
  }

  /** Cuts off every running command with `connection_lost`; the next `calls` calls fail in the same way. */
  loseConnection(calls = 0): void {
    this.lostCalls = calls;
    for (const command of this.running) command.lose();
  }

  async spawn(command: Command, options: CallOptions = {}): Promise<Result<RunningCommand, ShellFault>> {
    const at = { host: this.host, tried: `run ${command.argv[0]}` };
    const problem = commandProblem(command);
    if (problem !== null) return err(shellFault('invalid_command', at, problem));
    const refused = this.refusal(at, options);
    if (refused !== null) return err(refused);
    this.commands.push(command);
    const running = new MemoryCommand(at, command, options, this.handlers);
    this.running.add(running);
    void running.exit.then(() => this.running.delete(running));
    return ok(running);
  }

  async uploadTree(upload: TreeUpload, options: CallOptions = {}): Promise<Result<TreeTransfer, ShellFault>> {
    const refused = this.refusal({ host: this.host, tried: `send ${upload.source}` }, options);
    if (refused !== null) return err(refused);
    this.uploads.push(upload);
    return this.trees === null ? ok({ bytes: 0 }) : this.trees.uploadTree(upload, options);
  }

  async downloadTree(
    download: TreeDownload,
    options: CallOptions = {},
  ): Promise<Result<TreeTransfer, ShellFault>> {
    const refused = this.refusal({ host: this.host, tried: `fetch ${download.source}` }, options);
    if (refused !== null) return err(refused);
    this.downloads.push(download);
    return this.trees === null ? ok({ bytes: 0 }) : this.trees.downloadTree(download, options);
  }

  private refusal(at: { host: string; tried: string }, options: CallOptions): ShellFault | null {
    if (this.closed) return shellFault('closed', at, 'the shell was closed by its owner');
    if (options.signal?.aborted) return shellFault('aborted', at, 'cancelled by the caller');
    if (this.lostCalls === 0) return null;
    this.lostCalls -= 1;
    return shellFault('connection_lost', at, 'the connection was lost, as the test said');
  }

  /** Ends what runs; later calls are faults of kind `closed`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.closed = true;
    await Promise.all([...this.running].map((command) => command[Symbol.asyncDispose]()));
  }
}
