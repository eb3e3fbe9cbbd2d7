import { err, ok, type Result } from 'neverthrow';
import { z } from 'zod';
import type { Clock } from '../../ports/clock.js';
import type { LogReader } from '../../ports/log-reader.js';
import { hasEnded, type RecordPorts } from './interrupted-run.js';
import { loadRunRecord } from './load-run-record.js';
import type { RunQuery } from './run-layout-for.js';
import { runLayoutFor } from './run-layout-for.js';
import { type RunStateFault, stateFilesFault } from './run-state-fault.js';

const PART_BYTES = 256 * 1024;
/** An event that is longer is no event of pikaci's. */
const LONGEST_EVENT = 16 * 1024 * 1024;
const DEFAULT_LOOK_MS = 250;

/** What every event has; the rest is handed on as it is. */
const storedEventSchema = z.looseObject({ type: z.string() });

/** An event as it stands in `events.jsonl`, and where the next one begins. */
export interface StoredEvent {
  /** Of the first byte after the event in `events.jsonl`: where to go on. */
  readonly position: number;
  readonly event: z.infer<typeof storedEventSchema>;
}

/** Where in `events.jsonl` reading begins. */
export interface EventPosition {
  /** In bytes, a `position` from before; beyond the end of the file it counts as 0. */
  readonly from: number;
  /** How often a run that goes on is looked at; default 250 ms. */
  readonly lookMs?: number;
}

export interface EventParts extends RecordPorts {
  readonly reader: LogReader;
  readonly clock: Clock;
}

/**
 * Why no more events come. `complete`: the last line of the run is there (for records of before 0.2.0, which have none: the run has ended).
 * `runner_gone`: the process that carried the run out has ended before it had written that line. `silent`: the run has ended, and for three
 * minutes nothing was written of the removal of its machines. `aborted`: the signal fired. `fault`: the event before says what.
 */
export interface EventsEnd {
  readonly reason: 'complete' | 'runner_gone' | 'silent' | 'aborted' | 'fault';
}

/** The longest that the removal of machines may take, with some more. */
const SILENCE_MS = 180_000;

/**
 * The events of `events.jsonl`, also those that are still to come: until the run's last line, until its runner is gone, the signal fires, or
 * after a fault. Lines that are no event are left out.
 */
export async function* followEvents(
  { files, processes, reader, clock }: EventParts,
  query: RunQuery & EventPosition & { readonly signal: AbortSignal },
): AsyncGenerator<Result<StoredEvent, RunStateFault>, EventsEnd> {
  const { signal } = query;
  const ports = { files, processes };
  let from = query.from;
  let silentSince: number | null = null;
  while (!signal.aborted) {
    // All asked before the file is read: what was written until then is not missed.
    const run = await loadRunRecord(ports, query);
    if (run.isErr()) {
      yield err(run.error);
      return { reason: 'fault' };
    }
    const { status, runner } = run.value;
    const isGone = await hasEnded(ports, run.value);
    const isComplete = (runner === undefined && status !== 'running') || (await isClosed(reader, query));
    const next = yield* readEvents(reader, { ...query, from });
    if (next === null) return { reason: 'fault' };
    if (isComplete) return { reason: 'complete' };
    if (isGone) return { reason: 'runner_gone' };
    if (status === 'running' || next !== from) silentSince = null;
    else silentSince ??= clock.monotonic();
    if (silentSince !== null && clock.monotonic() - silentSince >= SILENCE_MS) return { reason: 'silent' };
    from = next;
    await clock.sleep(query.lookMs ?? DEFAULT_LOOK_MS, signal);
  }
  return { reason: 'aborted' };
}

/** Longer than the last line of a run can be. */
const LAST_LINE_BYTES = 4096;

/** Also for whoever goes on behind the last line, and so never reads it. */
async function isClosed(
  reader: LogReader,
  { stateRoot, runId, signal }: RunQuery & { readonly signal: AbortSignal },
): Promise<boolean> {
  const run = runLayoutFor(stateRoot, runId);
  if (run.isErr()) return false;
  const tail = await reader.read(
    run.value.events,
    { offset: -LAST_LINE_BYTES, maxBytes: LAST_LINE_BYTES },
    { signal },
  );
  if (tail.isErr()) return false;
  const lines = new TextDecoder().decode(tail.value.data).split('\n');
  return lines.at(-1) === '' && parsed(lines.at(-2) ?? '')?.type === 'run_closed';
}

/** The events that are in `events.jsonl` now, from a position on. Returns where to go on, null after a fault. */
export async function* readEvents(
  reader: LogReader,
  query: RunQuery & Pick<EventPosition, 'from'> & { readonly signal: AbortSignal },
): AsyncGenerator<Result<StoredEvent, RunStateFault>, number | null> {
  const { signal } = query;
  const run = runLayoutFor(query.stateRoot, query.runId);
  if (run.isErr()) {
    yield err(run.error);
    return null;
  }
  const { events } = run.value;
  let position = query.from;
  let maxBytes = PART_BYTES;
  for (let more = true; more && !signal.aborted; ) {
    const part = await reader.read(events, { offset: position, maxBytes }, { signal });
    if (part.isErr()) {
      if (part.error.kind === 'not_found') break;
      yield err(stateFilesFault(part.error));
      return null;
    }
    const { data, size } = part.value;
    if (position > size) {
      position = 0;
      continue;
    }
    const end = data.lastIndexOf(NEWLINE) + 1;
    for (const stored of eventsIn(data.subarray(0, end), position)) yield ok(stored);
    position += end;
    more = position < size && data.length === maxBytes;
    if (end > 0 || !more) maxBytes = PART_BYTES;
    else if (maxBytes < LONGEST_EVENT) maxBytes *= 2;
    else {
      yield err(tooLong(events));
      return null;
    }
  }
  return position;
}

const NEWLINE = 0x0a;

function* eventsIn(data: Uint8Array, start: number): Generator<StoredEvent> {
  for (let begin = 0; begin < data.length; ) {
    const end = data.indexOf(NEWLINE, begin);
    const event = parsed(new TextDecoder().decode(data.subarray(begin, end)));
    begin = end + 1;
    if (event !== null) yield { position: start + begin, event };
  }
}

function parsed(line: string): StoredEvent['event'] | null {
  try {
    return storedEventSchema.safeParse(JSON.parse(line)).data ?? null;
  } catch {
    return null;
  }
}

function tooLong(path: string): RunStateFault {
  const message = `${path} cannot be read: an event has more than ${LONGEST_EVENT} bytes`;
  return { kind: 'damaged', path, message };
}
