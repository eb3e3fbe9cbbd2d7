import type { Result } from 'neverthrow';
import type { FileFault } from './file-store.js';
import type { CallOptions } from './remote-shell.js';

/** A part of a file that may be growing. */
export interface LogPart {
  readonly data: Uint8Array;
  /** Where `data` begins, in bytes. */
  readonly offset: number;
  /** Of the whole file, when it was looked at. */
  readonly size: number;
  /** When the file was last written, ms since the epoch, where the reader knows. */
  readonly modifiedMs?: number;
  /** Where a step's log ends because it was cut at its cap (`maxLogBytes`): the bytes that the step wrote in all. */
  readonly writtenBytes?: number;
}

/** Which part of a file is read. Both are in bytes. */
export interface LogRange {
  /** Where to begin; a negative number counts from the end. Beyond the end nothing is read. */
  readonly offset: number;
  /** No more than this is read. */
  readonly maxBytes: number;
}

/** Reads parts of files that are too large to be read whole. A link at the last component is not followed. */
export interface LogReader {
  /** At most `range.maxBytes` from `range.offset` on; less where the file ends, nothing beyond it. */
  read(path: string, range: LogRange, options?: CallOptions): Promise<Result<LogPart, FileFault>>;
}
