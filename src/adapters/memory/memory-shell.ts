import { posix } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import type { FileFault, FileStore } from '../../ports/file-store.js';
import type { ExitStatus, OutputChunk } from '../../ports/output-chunk.js';
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
import type { MemoryFileStore } from './memory-file-store/memory-file-store.js';

/** Answers a command: what it writes, and its exit code (127 when there is no such command). */
export type MemoryShellHandler = (command: Command) => {
  readonly output?: readonly OutputChunk[];
  readonly code: number;
};

export interface MemoryShellOptions {
  readonly host?: string;
  /** The host's files, into which trees are sent. */
  readonly hostFiles: MemoryFileStore;
  /** This machine's files, from which they are. */
  readonly localFiles: FileStore;
  /** Knows `true` only when it is left out. */
  readonly handler?: MemoryShellHandler;
}

/** A host without processes: commands are answered as a test says, trees are copied from store to store. */
export class MemoryShell implements RemoteShell {
  readonly host: string;
  readonly #options: MemoryShellOptions;
  #planted: ShellFault['kind'] | null = null;
  #closed = false;

  constructor(options: MemoryShellOptions) {
    this.host = options.host ?? 'memory';
    this.#options = options;
  }

  /** The next upload breaks off with this after its first file. */
  failNextUpload(kind: Exclude<ShellFault['kind'], 'host_key_refused'>): void {
    this.#planted = kind;
  }

  async spawn(command: Command, options: CallOptions = {}): Promise<Result<RunningCommand, ShellFault>> {
    const problem = commandProblem(command);
    if (problem !== null) return err(this.#fault('invalid_command', command.argv[0], problem));
    const refused = this.#refused(command.argv[0], options);
    if (refused !== null) return err(refused);
    const handler: MemoryShellHandler =
      this.#options.handler ?? (({ argv }) => ({ code: argv[0] === 'true' ? 0 : 127 }));
    const { output = [], code } = handler(command);
    const exit: Result<ExitStatus, ShellFault> = ok({ code, signal: null });
    return ok({
      output: (async function* () {
        yield* output;
      })(),
      exit: Promise.resolve(exit),
      [Symbol.asyncDispose]: async () => {},
    });
  }

  async uploadTree(upload: TreeUpload, options: CallOptions = {}): Promise<Result<TreeTransfer, ShellFault>> {
    const tried = `send ${upload.source} to ${upload.destination}`;
    const { hostFiles, localFiles } = this.#options;
    const broken = (fault: FileFault) =>
      this.#fault('transfer_failed', tried, `${fault.path}: ${fault.message}`);
    const made = await hostFiles.makeDirectory(upload.destination);
    if (made.isErr()) return err(broken(made.error));
    let bytes = 0;
    for (const entry of upload.entries ?? []) {
      const refused = this.#refused(tried, options);
      const sent = refused === null ? await this.#copy(upload, entry, localFiles) : ok(0);
      if (refused !== null || sent.isErr()) {
        await hostFiles.remove(upload.destination, { recursive: true });
        return err(
          sent.isErr() ? broken(sent.error) : (refused ?? this.#fault('aborted', tried, 'cancelled')),
        );
      }
      bytes += sent.value;
      upload.onProgress?.(bytes);
      if (this.#planted === null) continue;
      const fault = this.#fault(this.#planted, tried, 'planted');
      this.#planted = null;
      return err(fault);
    }
    return ok({ bytes });
  }

  async downloadTree({ source }: TreeDownload): Promise<Result<TreeTransfer, ShellFault>> {
    return err(this.#fault('transfer_failed', `bring ${source}`, 'this shell only sends'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
  }

  async #copy(upload: TreeUpload, entry: string, local: FileStore): Promise<Result<number, FileFault>> {
    const { hostFiles } = this.#options;
    const from = posix.join(upload.source, entry);
    const to = posix.join(upload.destination, entry);
    const made = await hostFiles.makeDirectory(posix.dirname(to));
    if (made.isErr()) return err(made.error);
    const target = await local.readlink(from);
    if (target.isOk()) {
      hostFiles.link(target.value, to);
      return ok(0);
    }
    const content = await local.readFile(from);
    if (content.isErr()) return err(content.error);
    const written = await hostFiles.writeFile(to, content.value);
    return written.map(() => content.value.length);
  }

  #refused(tried: string, { signal }: CallOptions): ShellFault | null {
    if (this.#closed) return this.#fault('closed', tried, 'the shell was closed by its owner');
    return signal?.aborted === true ? this.#fault('aborted', tried, 'cancelled by the caller') : null;
  }

  #fault(kind: ShellFault['kind'], tried: string, message: string): ShellFault {
    return shellFault(
      kind as Exclude<ShellFault['kind'], 'host_key_refused'>,
      { host: this.host, tried },
      message,
    );
  }
}
