import type { EventSink } from '../../ports/event-sink.js';
import type { EventFile } from './event-file.js';
import { GuardedEventSink } from './guarded-event-sink.js';

/** The run's file first, then the consumer's sink, of which nothing but a warning comes back. */
export function runSinks(
  file: EventFile,
  consumer: EventSink | undefined,
  warn: (message: string) => void,
): Required<EventSink> {
  const outer = consumer === undefined ? null : new GuardedEventSink(consumer, warn);
  return {
    emit: (event) => {
      file.emit(event);
      outer?.emit(event);
    },
    emitRun: (event) => {
      file.emitRun(event);
      outer?.emitRun(event);
    },
    drained: async () => outer?.drained(),
  };
}
