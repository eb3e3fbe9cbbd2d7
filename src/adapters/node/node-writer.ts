import { constants } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { err, ok, type Result } from 'neverthrow';
import type { FileFault, FileWriter } from '../../ports/file-store.js';
import { type FileCall, fileFault } from '../../streams/file-fault.js';
import { temporaryBeside } from '../../streams/file-paths.js';
import { nativePath } from '../../streams/name-bytes.js';
import { KindError, nodeFault } from './node-faults.js';

const { O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_WRONLY } = constants;

/** A file that is open for writing; `renameTo` is where a new one goes, `null` for one that is written in place. */
export class NodeWriter implements FileWriter {
  private done = false;

  private constructor(
    private readonly call: FileCall,
    private readonly file: {
      readonly path: string;
      readonly handle: FileHandle;
      readonly renameTo: string | null;
    },
  ) {}

  /** Throws node's errors; see `attempt`. */
  static async create(call: FileCall, mode: number): Promise<NodeWriter> {
    const path = temporaryBeside(call.path);
    const handle = await open(nativePath(path), O_WRONLY | O_CREAT | O_EXCL, mode);
    // The permission bits exactly, whatever the process's umask is.
    await handle.chmod(mode);
    return new NodeWriter(call, { path, handle, renameTo: call.path });
  }

  /** Throws node's errors; see `attempt`. */
  static async append(call: FileCall): Promise<NodeWriter> {
    const flags = O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK;
    const handle = await open(nativePath(call.path), flags, 0o644);
    if (!(await handle.stat()).isFile()) {
      await handle.close();
      throw new KindError('io', 'it is not a file');
    }
    return new NodeWriter(call, { path: call.path, handle, renameTo: null });
  }

  write(data: Uint8Array): Promise<Result<void, FileFault>> {
    return this.step(async () => {
      for (let offset = 0; offset < data.length; ) {
        const { bytesWritten } = await this.file.handle.write(data, offset, data.length - offset);
        offset += bytesWritten;
      }
    });
  }

  async commit(): Promise<Result<void, FileFault>> {
    const committed = await this.step(async () => {
      // From here on the file is this call's alone, and a disposal meanwhile takes nothing away.
      this.done = true;
      const { handle, path, renameTo } = this.file;
      try {
        if (renameTo !== null) await handle.sync();
      } finally {
        await handle.close();
      }
      if (renameTo !== null) await rename(nativePath(path), nativePath(renameTo));
    });
    if (committed.isErr()) await this.takeAway();
    return committed;
  }

  private async step(work: () => Promise<void>): Promise<Result<void, FileFault>> {
    if (this.done) return err(fileFault('io', this.call, 'the writer is closed'));
    try {
      return ok(await work());
    } catch (error) {
      return err(nodeFault(this.call, error as NodeJS.ErrnoException));
    }
  }

  private async takeAway(): Promise<void> {
    if (this.file.renameTo !== null) await rm(nativePath(this.file.path), { force: true }).catch(() => {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.done) return;
    this.done = true;
    await this.file.handle.close().catch(() => {});
    await this.takeAway();
  }
}
