import { err, ok, type Result } from 'neverthrow';
import type { RunStateFault } from '../../../application/records/run-state-fault.js';
import type { ServedRuns } from '../source/run-source.js';
import { styleAfter } from './coloured-line.js';
import { LineSplitter, LONGEST_LINE } from './line-splitter.js';
import type { LogPosition } from './log-position.js';
import { type LogCall, LogReading } from './log-reading.js';
import { PART_BYTES, type ShownLine, shownLine } from './shown-line.js';

export interface LogPartView {
  readonly lines: readonly ShownLine[];
  /** The line that has not ended yet, or whose end is too far away. */
  readonly tail: ShownLine | null;
  /** Counted from 0. */
  readonly part: number;
  readonly parts: number;
  /** Of the whole log, in bytes. */
  readonly size: number;
  /** Where the lines go on. */
  readonly next: LogPosition;
}

/** The lines that begin in one part of a log, the last one when none is said; null when there are not so many parts. */
export async function logPartView(
  runs: ServedRuns,
  call: LogCall & { readonly part: number | undefined },
): Promise<Result<LogPartView | { readonly parts: number; readonly lines: null }, RunStateFault>> {
  const reading = new LogReading(runs, call);
  const end = await reading.read(0, 0);
  if (end.isErr()) return err(end.error);
  const { size } = end.value;
  const parts = Math.max(1, Math.ceil(size / PART_BYTES));
  const part = call.part ?? parts - 1;
  if (part >= parts) return ok({ parts, lines: null });
  const start = await firstLine(reading, part * PART_BYTES, size);
  if (start.isErr()) return err(start.error);
  const lines: ShownLine[] = [];
  let next: LogPosition = start.value;
  const limit = (part + 1) * PART_BYTES;
  const splitter = new LineSplitter(next.offset, next.number);
  // As far as the last line that begins here may be shown, and a byte more, which tells that it has not ended.
  const until = Math.min(size, limit + LONGEST_LINE + 1);
  for await (const piece of reading.pieces(next.offset, until)) {
    if (piece.isErr()) return err(piece.error);
    for (const raw of splitter.push(piece.value)) {
      if (raw.offset >= limit) continue;
      const { line, after } = shownLine(raw, next.style);
      lines.push(line);
      next = { ...splitter.begun, style: after };
    }
    if (splitter.begun.offset >= limit) break;
  }
  const begun = splitter.begun.offset < limit ? splitter.tail : null;
  const tail = begun === null ? null : shownLine(begun, next.style).line;
  return ok({ lines, tail, part, parts, size, next });
}

/** The first line that begins at a byte or after it. */
async function firstLine(
  reading: LogReading,
  from: number,
  size: number,
): Promise<Result<LogPosition, RunStateFault>> {
  // The byte before tells whether a line begins right here.
  const look = Math.max(0, from - 1);
  const before = await reading.before(look);
  if (before.isErr()) return err(before.error);
  const { lines, lineOffset, style } = before.value;
  if (from === 0) return ok({ offset: 0, number: 1, style });
  let passed = look;
  let now = style;
  for await (const piece of reading.pieces(look, size)) {
    if (piece.isErr()) return err(piece.error);
    const found = piece.value.indexOf(0x0a);
    const skipped = found < 0 ? piece.value : piece.value.subarray(0, found);
    now = styleAfter(Buffer.from(skipped).toString('latin1'), now);
    if (found >= 0) return ok({ offset: passed + found + 1, number: lines + 2, style: now });
    passed += piece.value.length;
  }
  // All that is left is a line that began before, and has not ended.
  return ok({ offset: lineOffset, number: lines + 1, style });
}
