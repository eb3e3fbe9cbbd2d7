import type { PikaciEvent } from '../../../domain/events/event.js';
import type { EventSink } from '../../../ports/event-sink.js';
import type { RunEnd } from './run-end.js';

export interface RunStart {
  readonly runId: string;
  readonly host: string;
  readonly jobIds: readonly string[];
}

/** One way of showing a run. Nothing in it throws; what its outputs cannot take is their owner's to notice. */
export interface RunView extends EventSink {
  started(start: RunStart): void;
  emit(event: PikaciEvent): void;
  drained(): Promise<void>;
  /** One message of the command line's own, on standard error. */
  notice(text: string): void;
  /** Shows the end of the run. Nothing is shown after it, whatever is still emitted. */
  finished(end: RunEnd): void;
  /** Clears the live area when a run ends without `finished`. Idempotent. */
  close(): void;
}
