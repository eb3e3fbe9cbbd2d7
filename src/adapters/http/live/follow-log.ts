import { setTimeout as pause } from 'node:timers/promises';
import { ok } from 'neverthrow';
import { isFinal } from '../../../domain/events/run-status.js';
import { LineSplitter } from '../log/line-splitter.js';
import { type LogPosition, positionText } from '../log/log-position.js';
import { type LogCall, LogReading } from '../log/log-reading.js';
import { shownLine } from '../log/shown-line.js';
import { logLine, tailLine } from '../pages/log-line.js';
import type { ServedRuns } from '../source/run-source.js';
import type { SentEvent } from './event-streams.js';
import { StepChanges } from './step-changes.js';

/** How often a log that grows is looked at, in milliseconds. */
const LOOK_MS = 250;

/**
 * The lines of a log from a position on, as HTML, until its job has ended or the signal fires. The id of an event is the
 * position after its whole lines; `tail` is the line that has not ended yet, and takes the place of the tail before it. So
 * whoever goes on at an id neither misses nor doubles a line. What has changed in the job's steps comes in events of its own.
 */
export async function* followLog(
  runs: ServedRuns,
  call: LogCall & { readonly from: LogPosition },
): AsyncGenerator<SentEvent, void> {
  const { runId, job, kind, from, signal } = call;
  const reading = new LogReading(runs, call);
  const splitter = new LineSplitter(from.offset, from.number);
  const changes = new StepChanges(runs, call);
  let { style } = from;
  while (!signal.aborted) {
    // Asked before the file is read: what was written until then is not missed.
    const run = await runs.source.loadRunRecord(runs.stateRoot, runId, { signal });
    if (run.isErr()) return yield { event: 'fault', data: JSON.stringify(run.error.message) };
    for (let more = true; more; ) {
      const part = await reading.read(splitter.readTo);
      if (part.isErr()) return yield { event: 'fault', data: JSON.stringify(part.error.message) };
      const { data, size } = part.value;
      // A log that was cut back by an attach grows again with the bytes that it had.
      if (data.length === 0) break;
      const lines: string[] = [];
      for (const raw of splitter.push(data)) {
        const { line, after } = shownLine(raw, style);
        style = after;
        lines.push(logLine(line, { kind }).toString());
      }
      const begun = splitter.tail;
      const tail = begun === null ? '' : tailLine(shownLine(begun, style).line, { kind }).toString();
      const id = positionText({ ...splitter.begun, style });
      yield { id, data: JSON.stringify({ lines: lines.join(''), tail }) };
      more = splitter.readTo < size;
    }
    const now = run.value.jobs.find(({ id }) => id === job);
    const steps = kind === 'guest' ? await changes.next(now?.steps ?? []) : ok([]);
    if (steps.isErr()) return yield { event: 'fault', data: JSON.stringify(steps.error.message) };
    if (steps.value.length > 0) yield { data: JSON.stringify({ steps: steps.value }) };
    if (now === undefined || isFinal(now.status)) return;
    await pause(LOOK_MS, undefined, { signal }).catch(() => {});
  }
}
