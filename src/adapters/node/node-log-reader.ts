import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Result } from 'neverthrow';
import type { FileFault } from '../../ports/file-store.js';
import type { LogPart, LogRange, LogReader } from '../../ports/log-reader.js';
import type { CallOptions } from '../../ports/remote-shell.js';
import { nativePath } from '../../streams/name-bytes.js';
import { attempt, KindError } from './node-faults.js';

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;

/** Parts of files of this machine. */
export class NodeLogReader implements LogReader {
  read(path: string, range: LogRange, options: CallOptions = {}): Promise<Result<LogPart, FileFault>> {
    const call = { host: 'local', path, operation: 'read' };
    return attempt(call, options, async () => {
      await using handle = await open(nativePath(path), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
      const stat = await handle.stat();
      if (!stat.isFile()) throw new KindError('io', 'it is not a file');
      const { size, mtimeMs: modifiedMs } = stat;
      const offset = range.offset < 0 ? Math.max(0, size + range.offset) : Math.min(range.offset, size);
      const data = Buffer.alloc(Math.min(range.maxBytes, size - offset));
      let length = 0;
      while (length < data.length) {
        const { bytesRead } = await handle.read(data, length, data.length - length, offset + length);
        if (bytesRead === 0) break;
        length += bytesRead;
      }
      return { data: data.subarray(0, length), offset, size, modifiedMs };
    });
  }
}
