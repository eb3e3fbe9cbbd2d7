import { err, ok, type Result } from 'neverthrow';
import type { RunStateFault } from '../../../application/records/run-state-fault.js';
import type { LogPart } from '../../../ports/log-reader.js';
import type { ServedRuns } from '../source/run-source.js';
import { styleAfter } from './coloured-line.js';
import { PLAIN, type TextStyle } from './text-style.js';

/** Bytes that are read, and held, at once. */
const PIECE_BYTES = 256 * 1024;

const NEWLINE = 0x0a;

export interface LogCall {
  readonly runId: string;
  readonly job: string;
  readonly kind: 'host' | 'guest';
  readonly signal: AbortSignal;
}

/** What is before a byte of a log. */
export interface LogBefore {
  /** That have ended. */
  readonly lines: number;
  /** Where the one begins that has not. */
  readonly lineOffset: number;
  readonly style: TextStyle;
}

/** Reads pieces of one log. */
export class LogReading {
  readonly #runs: ServedRuns;
  readonly #call: LogCall;

  constructor(runs: ServedRuns, call: LogCall) {
    this.#runs = runs;
    this.#call = call;
  }

  read(offset: number, maxBytes: number = PIECE_BYTES): Promise<Result<LogPart, RunStateFault>> {
    const { runId, job, kind, signal } = this.#call;
    return this.#runs.source.readLog(this.#runs.stateRoot, runId, { job, kind, offset, maxBytes, signal });
  }

  /** From `offset` to where the log ends now, or to `end`, one piece after the other; ends after a fault. */
  async *pieces(offset: number, end: number): AsyncGenerator<Result<Uint8Array, RunStateFault>, void> {
    for (let at = offset; at < end; ) {
      const part = await this.read(at, Math.min(PIECE_BYTES, end - at));
      if (part.isOk() && part.value.data.length === 0) return;
      yield part.map(({ data }) => data);
      if (part.isErr()) return;
      at += part.value.data.length;
    }
  }

  async before(offset: number): Promise<Result<LogBefore, RunStateFault>> {
    let lines = 0;
    let lineOffset = 0;
    let style = PLAIN;
    let at = 0;
    for await (const piece of this.pieces(0, offset)) {
      if (piece.isErr()) return err(piece.error);
      const bytes = Buffer.from(piece.value.buffer, piece.value.byteOffset, piece.value.length);
      for (let found = bytes.indexOf(NEWLINE); found >= 0; found = bytes.indexOf(NEWLINE, found + 1)) {
        lines += 1;
        lineOffset = at + found + 1;
      }
      at += bytes.length;
      style = styleAfter(bytes.toString('latin1'), style);
    }
    return ok({ lines, lineOffset, style });
  }
}
