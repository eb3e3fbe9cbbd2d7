import { err, ok, type Result } from 'neverthrow';
import type { FileFault, FileWriter } from '../../ports/file-store.js';
import { temporaryBeside } from '../../streams/file-paths.js';
import type { SftpCalls } from './sftp-calls.js';
import { whyUnwritten } from './sftp-space.js';

/** SFTP servers take packets of at least 34,000 bytes; OpenSSH of 256 KiB. ssh2 splits what is larger. */
const CHUNK = 128 * 1024;

/** What a writer does with the file when it is done: give it its name, or leave it where it is. */
interface Ending {
  /** Where the finished file goes; `null` when it is written in place. */
  readonly renameTo: string | null;
}

/** A file that is open for writing over SFTP; one packet after the other is sent, the answers are awaited together. */
export class SftpWriter implements FileWriter {
  private position = 0;
  private done = false;

  private constructor(
    private readonly calls: SftpCalls,
    private readonly path: string,
    private readonly handle: Buffer,
    private readonly ending: Ending,
  ) {}

  /** A new file beside its target, which it replaces when it is committed. */
  static async create(calls: SftpCalls, mode: number): Promise<Result<SftpWriter, FileFault>> {
    const path = temporaryBeside(calls.call.path);
    const handle = await calls.request<Buffer>((sftp, answer) => sftp.open(path, 'wx', { mode }, answer));
    return handle.map((open) => new SftpWriter(calls, path, open, { renameTo: calls.call.path }));
  }

  /** The file itself, at its end. Its last component is not to be a link; SFTP cannot ask for that when it opens. */
  static async append(calls: SftpCalls): Promise<Result<SftpWriter, FileFault>> {
    const found = await calls.lstat();
    if (found.isErr() && found.error.kind !== 'not_found') return err(found.error);
    if (found.isOk() && found.value.type === 'directory')
      return err(calls.fault('is_a_directory', 'it is a directory'));
    if (found.isOk() && found.value.type !== 'file')
      return err(calls.fault('io', `it is a ${found.value.type}`));
    const { path } = calls.call;
    const handle = await calls.request<Buffer>((sftp, answer) =>
      sftp.open(path, 'a', { mode: 0o644 }, answer),
    );
    return handle.map((open) => new SftpWriter(calls, path, open, { renameTo: null }));
  }

  /** Sends `data` and what is to follow it without waiting in between. */
  async write(data: Uint8Array): Promise<Result<void, FileFault>> {
    if (this.done) return err(this.calls.fault('io', 'the writer is closed'));
    const buffer = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    const writes: Promise<Result<unknown, FileFault>>[] = [];
    for (let offset = 0; offset < buffer.length; offset += CHUNK) {
      const length = Math.min(CHUNK, buffer.length - offset);
      const at = this.position + offset;
      writes.push(
        this.calls.request<unknown>((sftp, answer) =>
          sftp.write(this.handle, buffer, offset, length, at, (error) => answer(error, undefined)),
        ),
      );
    }
    this.position += buffer.length;
    for (const write of await Promise.all(writes))
      if (write.isErr()) return err(await whyUnwritten(this.calls.session, write.error));
    return ok(undefined);
  }

  /** The permission bits exactly, whatever the server's umask is. */
  async setMode(mode: number): Promise<Result<void, FileFault>> {
    const set = await this.calls.request<unknown>((sftp, answer) =>
      sftp.fchmod(this.handle, mode, (error) => answer(error, undefined)),
    );
    return set.map(() => undefined);
  }

  async commit(): Promise<Result<void, FileFault>> {
    if (this.done) return err(this.calls.fault('io', 'the writer is closed'));
    this.done = true;
    const { renameTo } = this.ending;
    if (renameTo !== null) {
      const synced = await this.sync();
      if (synced.isErr()) {
        await this.close();
        return this.giveUp(synced.error);
      }
    }
    const closing = this.calls.request<unknown>((sftp, answer) =>
      sftp.close(this.handle, (error) => answer(error, undefined)),
    );
    // Sent together: the server takes them one after the other.
    const renaming = renameTo === null ? null : renameOver(this.calls, this.path, renameTo);
    const closed = await closing;
    const renamed = await renaming;
    if (renamed?.isErr()) return this.giveUp(await this.whyNotRenamed(renamed.error));
    return closed.map(() => undefined);
  }

  private async sync(): Promise<Result<void, FileFault>> {
    const synced = await this.calls.request<unknown>((sftp, answer) =>
      sftp.ext_openssh_fsync(this.handle, (error) => answer(error, undefined)),
    );
    // A server without the extension cannot sync; the rename is all that there is then.
    if (synced.isErr() && !/does not support/.test(synced.error.message)) return err(synced.error);
    return ok(undefined);
  }

  private async whyNotRenamed(fault: FileFault): Promise<FileFault> {
    const target = await this.calls.lstat();
    return target.isOk() && target.value.type === 'directory'
      ? this.calls.fault('is_a_directory', 'the target is a directory')
      : fault;
  }

  private async giveUp(fault: FileFault): Promise<Result<void, FileFault>> {
    // Asked first: what is taken away leaves room.
    const why = await whyUnwritten(this.calls.session, fault);
    await this.takeAway();
    return err(why);
  }

  private async takeAway(): Promise<void> {
    if (this.ending.renameTo === null) return;
    await this.calls.quietly((sftp, answer) => sftp.unlink(this.path, (error) => answer(error, undefined)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.done) return;
    this.done = true;
    await this.close();
    await this.takeAway();
  }

  private close(): Promise<unknown> {
    return this.calls.quietly((sftp, answer) => sftp.close(this.handle, (error) => answer(error, undefined)));
  }
}

/** Renames over what is there, which plain SFTP version 3 refuses (OpenSSH PROTOCOL, 4.3: posix-rename). */
export function renameOver(calls: SftpCalls, from: string, to: string): Promise<Result<unknown, FileFault>> {
  return calls.request<unknown>((sftp, answer) =>
    sftp.ext_openssh_rename(from, to, (error) => answer(error, undefined)),
  );
}

/** Writes a whole file; every answer is awaited before it gets its name. */
export async function sftpWriteFile(
  calls: SftpCalls,
  data: Uint8Array,
  mode: number,
): Promise<Result<void, FileFault>> {
  const writer = await SftpWriter.create(calls, mode);
  if (writer.isErr()) return err(writer.error);
  await using open = writer.value;
  for (const step of await Promise.all([open.write(data), open.setMode(mode)]))
    if (step.isErr()) return err(step.error);
  return await open.commit();
}
