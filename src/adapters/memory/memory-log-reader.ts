import { err, type Result } from 'neverthrow';
import type { FileFault } from '../../ports/file-store.js';
import type { LogPart, LogRange, LogReader } from '../../ports/log-reader.js';
import type { CallOptions } from '../../ports/remote-shell.js';
import { fileFault } from '../../streams/file-fault.js';
import type { MemoryFileStore } from './memory-file-store.js';

/** Parts of files in memory. */
export class MemoryLogReader implements LogReader {
  constructor(private readonly files: MemoryFileStore) {}

  async read(path: string, range: LogRange, options: CallOptions = {}): Promise<Result<LogPart, FileFault>> {
    const stat = await this.files.lstat(path, options);
    if (stat.isErr()) return err(stat.error);
    const { type, size, mtimeMs: modifiedMs } = stat.value;
    const call = { host: this.files.host, path, operation: 'read' };
    if (type !== 'file') return err(fileFault('io', call, 'it is not a file'));
    const content = await this.files.readFile(path, { ...options, maxBytes: size });
    return content.map((bytes) => {
      const offset = range.offset < 0 ? Math.max(0, size + range.offset) : Math.min(range.offset, size);
      return { data: bytes.slice(offset, offset + range.maxBytes), offset, size, modifiedMs };
    });
  }
}
