import type { PikaciEvent } from '../domain/event.js';

/** Takes what happens in a run, in order. `emit` must not throw and must not block. */
export interface EventSink {
  emit(event: PikaciEvent): void;
  /** Resolves when the sink can take more; a job's log is not read on before. Left out by sinks that are never slow. */
  drained?(): Promise<void>;
}
