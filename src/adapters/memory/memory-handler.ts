import type { ExitStatus, OutputChunk } from '../../ports/output-chunk.js';
import type { Command } from '../../ports/remote-shell.js';

/** What a scripted command does while it runs. */
export interface MemoryRun {
  readonly command: Command;
  /** All of standard input. */
  stdin(): Promise<Uint8Array>;
  /** Puts bytes, or a text as UTF-8, on an output of the command. */
  write(stream: OutputChunk['stream'], data: Uint8Array | string): void;
  /** Fires when the command is cancelled, disposed of, or the connection is lost. */
  readonly stopped: AbortSignal;
}

/** A handler's answer: an exit code, or how it ended; `undefined` when the command is none of its own. */
export type MemoryHandler = (
  run: MemoryRun,
) => Promise<number | ExitStatus> | number | ExitStatus | undefined;
