import type { PikaciEvent } from '../domain/events/event.js';
import type { RunEvent } from '../domain/events/run-event.js';

/** Takes what happens in a run, in order. Must not block: a slow consumer buffers or drops on its own account. What it throws is told once, as a warning, and ends nothing. */
export interface EventSink {
  /** An event of a job, or of a machine. */
  emit(event: PikaciEvent): void;
  /** What happens to a run and to the nodes of its plan; for those who care. */
  emitRun?(event: RunEvent): void;
  /**
   * Backpressure, for sinks that write to something slow: resolves when more log is welcome, at once when it is now, and
   * never rejects. Whoever emits `log_bytes` awaits it after each, raced with its own signal; other events are emitted
   * without asking. A sink without it takes everything.
   */
  drained?(): Promise<void>;
}
