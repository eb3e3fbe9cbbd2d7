import type { PikaciEvent } from '../../domain/events/event.js';
import type { EventSink } from '../../ports/event-sink.js';

/** Keeps every event, in order. */
export class MemoryEventSink implements EventSink {
  readonly events: PikaciEvent[] = [];

  emit(event: PikaciEvent): void {
    this.events.push(event);
  }
}
