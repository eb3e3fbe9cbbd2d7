import { err, ok, type Result } from 'neverthrow';
import type { RunStateFault } from '../../../application/records/run-state-fault.js';
import type { ServedRuns } from '../source/run-source.js';
import { LineSplitter } from './line-splitter.js';
import { type LogCall, LogReading } from './log-reading.js';
import { PART_BYTES } from './shown-line.js';

/** On the page of which part a line stands; null when the log has not so many lines. */
export async function partOfLine(
  runs: ServedRuns,
  call: LogCall & { readonly number: number },
): Promise<Result<number | null, RunStateFault>> {
  const reading = new LogReading(runs, call);
  const end = await reading.read(0, 0);
  if (end.isErr()) return err(end.error);
  const splitter = new LineSplitter(0, 1);
  const partOf = (offset: number) => ok(Math.floor(offset / PART_BYTES));
  for await (const piece of reading.pieces(0, end.value.size)) {
    if (piece.isErr()) return err(piece.error);
    for (const line of splitter.push(piece.value))
      if (line.number === call.number) return partOf(line.offset);
  }
  const { number, offset } = splitter.begun;
  return splitter.tail !== null && number === call.number ? partOf(offset) : ok(null);
}
