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
import { sendTree, type TreeRoute } from '../../streams/tree-transfer.js';
import type { Ssh2Connection } from './connection.js';
import { openExecChannel } from './exec-channel.js';
import { Ssh2RunningCommand } from './running-command.js';

/** Commands on a host over SSH. `local` runs this machine's side of a tree transfer. The connection's owner closes it. */
export class Ssh2Shell implements RemoteShell {
  constructor(
    private readonly connection: Ssh2Connection,
    private readonly local: Pick<RemoteShell, 'spawn'> & Required<Pick<TreeRoute, 'pack'>>,
  ) {}

  get host(): string {
    return this.connection.host;
  }

  async spawn(command: Command, options: CallOptions = {}): Promise<Result<RunningCommand, ShellFault>> {
    const exec = await openExecChannel(this.connection, command, options);
    if (exec.isErr()) return err(this.connection.reachedBy(exec.error));
    return ok(new Ssh2RunningCommand(this.connection, exec.value, command, options));
  }

  uploadTree(upload: TreeUpload, options?: CallOptions): Promise<Result<TreeTransfer, ShellFault>> {
    return sendTree(
      { ...upload, host: this.host, from: this.local, pack: this.local.pack, to: this },
      options,
    );
  }

  downloadTree(download: TreeDownload, options?: CallOptions): Promise<Result<TreeTransfer, ShellFault>> {
    return sendTree({ ...download, host: this.host, from: this, to: this.local }, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Nothing of its own to close: the connection is shared, and each command has an owner.
  }
}
