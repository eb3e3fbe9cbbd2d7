import type { IncusExecRequest, IncusInstance } from '../../../ports/incus-types.js';
import type { OutputChunk } from '../../../ports/output-chunk.js';
import type { MemoryFiles } from './memory-files.js';

/** What a handler sees of the command that it plays. */
export interface MemoryProcess {
  readonly instance: IncusInstance;
  readonly request: IncusExecRequest;
  readonly files: MemoryFiles;
  /** Ends when the caller ends it. */
  readonly stdin: AsyncIterable<Uint8Array>;
  /** The first signal that reaches the process; 9 when its control socket went or its instance stopped. */
  readonly signalled: Promise<number>;
  /** Every signal, in order, as it comes. */
  onSignal(listener: (signal: number) => void): void;
}

/** Plays a command: yields its output and returns its exit code (0..255; 127 when there is no such command). */
export type MemoryExecHandler = (process: MemoryProcess) => AsyncGenerator<OutputChunk, number, undefined>;
