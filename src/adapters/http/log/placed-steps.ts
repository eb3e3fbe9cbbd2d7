import { err, ok, type Result } from 'neverthrow';
import type { RunStateFault } from '../../../application/records/run-state-fault.js';
import type { JobStepRecord } from '../../../domain/job/step-record.js';
import type { ServedRuns } from '../source/run-source.js';
import { LineSplitter } from './line-splitter.js';
import { type LogCall, LogReading } from './log-reading.js';

/** A step and its place in the log of its job: it has the lines from `first` on, up to the `first` of the next that was run. */
export interface PlacedStep {
  readonly step: JobStepRecord;
  /** Number of a line, from 1. A line in whose middle the step begins is that of the step before. */
  readonly first: number;
  /** False when the log has not come as far as the step: then its first line may turn out to be a later one. */
  readonly isReached: boolean;
}

/** Steps with their places, all in one reading of the log; one that was skipped stands behind the one before it, and has no lines. */
export async function placedSteps(
  runs: ServedRuns,
  call: LogCall,
  steps: readonly JobStepRecord[],
): Promise<Result<readonly PlacedStep[], RunStateFault>> {
  if (steps.length === 0) return ok([]);
  const firsts: number[] = [];
  const offsets = offsetsOf(steps);
  const reach = (offset: number, number: number) => {
    while ((offsets[firsts.length] ?? Number.POSITIVE_INFINITY) <= offset) firsts.push(number);
  };
  const splitter = new LineSplitter(0, 1);
  reach(0, 1);
  for await (const piece of new LogReading(runs, call).pieces(0, (offsets.at(-1) ?? 0) + 1)) {
    if (piece.isErr()) return err(piece.error);
    for (const line of splitter.push(piece.value)) reach(line.offset, line.number);
  }
  const { offset, number } = splitter.begun;
  reach(offset, number);
  const next = splitter.tail === null ? number : number + 1;
  return ok(
    steps.map((step, index) => ({
      step,
      first: firsts[index] ?? next,
      isReached: (offsets[index] ?? 0) <= splitter.readTo,
    })),
  );
}

/** In bytes of the log, ascending. */
function offsetsOf(steps: readonly JobStepRecord[]): readonly number[] {
  let reached = 0;
  return steps.map(({ log_start, log_end }) => {
    const offset = Math.max(reached, log_start ?? 0);
    reached = Math.max(offset, log_end ?? 0);
    return offset;
  });
}
