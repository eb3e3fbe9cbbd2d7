import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import type { EntryContent } from '../../ports/entry-content.js';
import type { FileFault, FileStore } from '../../ports/file-store.js';
import type { CallOptions, ShellFault, TreeTransfer, TreeUpload } from '../../ports/remote-shell.js';
import { shellFault } from '../../streams/shell-fault.js';
import type { MemoryFileStore } from './memory-file-store.js';
import type { MemoryTrees } from './memory-shell.js';

type PlainKind = Exclude<ShellFault['kind'], 'host_key_refused' | 'source_changed'>;

/** Between which stores trees are copied. */
export interface MemoryTreeCopyInput {
  readonly host: string;
  /** This machine's files. */
  readonly from: FileStore;
  /** The host's files. */
  readonly to: MemoryFileStore;
}

/** Trees that a `MemoryShell` sends from store to store, entry by entry. */
export class MemoryTreeCopy implements MemoryTrees {
  readonly #input: MemoryTreeCopyInput;
  #planted: PlainKind | null = null;

  constructor(input: MemoryTreeCopyInput) {
    this.#input = input;
  }

  /** The next upload breaks off with this after its first file. */
  failNextUpload(kind: PlainKind): void {
    this.#planted = kind;
  }

  async uploadTree(upload: TreeUpload, options: CallOptions = {}): Promise<Result<TreeTransfer, ShellFault>> {
    const { to, host } = this.#input;
    const at = { host, tried: `send ${upload.source} to ${upload.destination}` };
    const giveUp = async (kind: PlainKind, message: string) => {
      await to.remove(upload.destination, { recursive: true });
      return err(shellFault(kind, at, message));
    };
    let bytes = 0;
    // Also for a tree without anything in it.
    const made = await to.makeDirectory(upload.destination);
    if (made.isErr()) return giveUp('transfer_failed', `${made.error.path}: ${made.error.message}`);
    for (const [index, entry] of (upload.entries ?? []).entries()) {
      if (options.signal?.aborted === true) return giveUp('aborted', 'cancelled by the caller');
      const content = upload.contents?.[index];
      if (content !== undefined && !(await this.#holds(sourceOf(upload, entry), content))) {
        await to.remove(upload.destination, { recursive: true });
        const message = `${entry} changed while ${upload.source} was sent, so nothing of it was kept; run again when nothing writes to it`;
        return err({ kind: 'source_changed', ...at, message, path: entry });
      }
      const sent = await this.#copy(upload, entry, content?.bytes);
      if (sent.isErr()) return giveUp('transfer_failed', `${sent.error.path}: ${sent.error.message}`);
      bytes += sent.value;
      upload.onProgress?.(bytes);
      const planted = this.#planted;
      this.#planted = null;
      if (planted !== null) return giveUp(planted, `planted: ${planted}`);
    }
    return ok({ bytes });
  }

  async downloadTree(): Promise<Result<TreeTransfer, ShellFault>> {
    const at = { host: this.#input.host, tried: 'fetch a tree' };
    return err(shellFault('transfer_failed', at, 'these trees are only sent'));
  }

  async #holds(path: string, { bytes, sha256 }: EntryContent): Promise<boolean> {
    const { from } = this.#input;
    const link = await from.readlink(path);
    const read = link.isOk() ? link.map((target) => Buffer.from(target)) : await from.readFile(path);
    if (read.isErr()) return false;
    return createHash('sha256').update(read.value.subarray(0, bytes)).digest('hex') === sha256;
  }

  async #copy(upload: TreeUpload, entry: string, bytes?: number): Promise<Result<number, FileFault>> {
    const { from, to } = this.#input;
    const source = sourceOf(upload, entry);
    const target = posix.join(upload.destination, entry);
    const made = await to.makeDirectory(posix.dirname(target));
    if (made.isErr()) return err(made.error);
    const link = await from.readlink(source);
    if (link.isOk()) {
      to.link(link.value, target);
      return ok(0);
    }
    const content = await from.readFile(source);
    if (content.isErr()) return err(content.error);
    const data = content.value.subarray(0, bytes);
    const written = await to.writeFile(target, data);
    return written.map(() => data.length);
  }
}

function sourceOf({ source, gitDirectory }: TreeUpload, entry: string): string {
  const isHistory = gitDirectory !== undefined && entry.startsWith('.git/');
  return isHistory ? posix.join(gitDirectory, entry.slice('.git/'.length)) : posix.join(source, entry);
}
