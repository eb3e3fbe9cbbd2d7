import { err, ok, type Result } from 'neverthrow';
import type { RunStateFault } from '../../../application/records/run-state-fault.js';
import type { ServedRuns } from '../source/run-source.js';
import { plainText } from './coloured-line.js';
import { LineSplitter, type RawLine } from './line-splitter.js';
import { type LogCall, LogReading } from './log-reading.js';
import { PART_BYTES, textOf } from './shown-line.js';

/** Lines that one answer has. */
const MOST_FOUND = 1000;
/** Of a found line, in characters: what is shown around the first hit. */
const SHOWN = 400;
const LEAD = 80;

export interface FoundLine {
  readonly number: number;
  readonly part: number;
  /** Without colours; when the line is long, a stretch around the first hit. */
  readonly text: string;
  /** Where the hits begin in `text`. */
  readonly hits: readonly number[];
}

export interface LogSearch {
  readonly found: readonly FoundLine[];
  /** True when there were more than are given. */
  readonly more: boolean;
}

/** The lines of a whole log that hold a text, whatever the case of its letters. Read piece by piece: a large log takes time, not memory. */
export async function searchLog(
  runs: ServedRuns,
  call: LogCall & { readonly wanted: string },
): Promise<Result<LogSearch, RunStateFault>> {
  const reading = new LogReading(runs, call);
  const end = await reading.read(0, 0);
  if (end.isErr()) return err(end.error);
  const wanted = call.wanted.toLowerCase();
  const found: FoundLine[] = [];
  const splitter = new LineSplitter(0, 1);
  const take = (line: RawLine | null) => {
    const hit = line === null ? null : foundIn(line, wanted);
    if (hit !== null) found.push(hit);
  };
  for await (const piece of reading.pieces(0, end.value.size)) {
    if (piece.isErr()) return err(piece.error);
    for (const line of splitter.push(piece.value)) {
      take(line);
      if (found.length > MOST_FOUND) return ok({ found: found.slice(0, MOST_FOUND), more: true });
    }
  }
  take(splitter.tail);
  return ok({ found, more: false });
}

function foundIn(line: RawLine, wanted: string): FoundLine | null {
  const whole = plainText(textOf(line)).replace(/\r$/, '');
  const first = whole.toLowerCase().indexOf(wanted);
  if (first < 0) return null;
  const start = whole.length <= SHOWN ? 0 : Math.max(0, first - LEAD);
  const text = whole.slice(start, start + SHOWN + wanted.length);
  const hits: number[] = [];
  const lower = text.toLowerCase();
  // A few letters become two when they are made small: then the places would be wrong, and none is marked.
  for (
    let at = lower.length === text.length ? lower.indexOf(wanted) : -1;
    at >= 0;
    at = lower.indexOf(wanted, at + wanted.length)
  )
    hits.push(at);
  return { number: line.number, part: Math.floor(line.offset / PART_BYTES), text, hits };
}
