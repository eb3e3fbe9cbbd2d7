import { err, ok, type Result } from 'neverthrow';
import type { ExitStatus } from '../../ports/output-chunk.js';
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
import { childEnvironment } from '../../streams/child-environment.js';
import { commandProblem } from '../../streams/command-check.js';
import { OutputQueue } from '../../streams/output-queue.js';
import { ownHome } from '../../streams/own-user.js';
import { shellFault } from '../../streams/shell-fault.js';
import { sendTree } from '../../streams/tree-transfer.js';
import { startChild, type Unstarted } from './child.js';
import { packEntries } from './pack-entries.js';
import { RunningChild } from './running-child.js';

export interface LocalShellOptions {
  /** What commands get, as it is; `childEnvironment` of the process's own environment unless given. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Where commands run that name no directory; the home directory unless given, as a login would have it. */
  readonly directory?: string;
  /** Between TERM and KILL, milliseconds. Default 2,000. */
  readonly killGraceMs?: number;
}

/** Commands on this machine, for a host that needs no SSH. */
export class LocalShell implements RemoteShell {
  readonly host = 'local';
  private readonly running = new Set<RunningChild>();
  private closed = false;

  constructor(private readonly options: LocalShellOptions = {}) {}

  async spawn(command: Command, options: CallOptions = {}): Promise<Result<RunningCommand, ShellFault>> {
    const at = { host: this.host, tried: `run ${command.argv[0]}` };
    const problem = commandProblem(command);
    if (problem !== null) return err(shellFault('invalid_command', at, problem));
    if (this.closed) return err(shellFault('closed', at, 'the shell was closed by its owner'));
    if (options.signal?.aborted) return err(shellFault('aborted', at, 'cancelled before it started'));
    const placed = { ...command, cwd: command.cwd ?? this.options.directory ?? ownHome() };
    const started = await startChild(placed, this.options.environment ?? childEnvironment());
    if (started.isErr()) return err(shellFault('spawn_failed', at, started.error));
    if ('code' in started.value) return ok(unstarted(started.value));
    const run = {
      started: started.value,
      command,
      host: this.host,
      killGraceMs: this.options.killGraceMs ?? 2_000,
    };
    const child = new RunningChild(run, options);
    this.running.add(child);
    void child.exit.then(() => this.running.delete(child));
    return ok(child);
  }

  /** The archive that any shell sends of files of this machine whose content is known. */
  readonly pack = packEntries;

  uploadTree(upload: TreeUpload, options?: CallOptions): Promise<Result<TreeTransfer, ShellFault>> {
    return sendTree({ ...upload, host: this.host, from: this, pack: this.pack, to: this }, options);
  }

  downloadTree(download: TreeDownload, options?: CallOptions): Promise<Result<TreeTransfer, ShellFault>> {
    return sendTree({ ...download, host: this.host, from: this, to: this }, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.closed = true;
    await Promise.all([...this.running].map((child) => child[Symbol.asyncDispose]()));
  }
}

/** What a shell makes of a program that is not there: a command that says so and ends with 127 or 126. */
function unstarted({ code, message }: Unstarted): RunningCommand {
  const output = new OutputQueue([]);
  output.push('stderr', Buffer.from(message));
  output.end();
  const status: ExitStatus = { code, signal: null };
  return { output, exit: Promise.resolve(ok(status)), [Symbol.asyncDispose]: async () => {} };
}
