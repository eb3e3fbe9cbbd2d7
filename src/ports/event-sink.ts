import type { PikaciEvent } from '../domain/event.js';

/** Takes what happens in a run, in order. Must not throw and must not block: a slow consumer buffers or drops on its own account. */
export interface EventSink {
  emit(event: PikaciEvent): void;
}
