import type { PikaciEvent } from '../../domain/event.js';
import type { EventSink } from '../../ports/event-sink.js';
import type { EventFile } from './event-file.js';

/** The run's own record of its events, and whoever listens. */
export function bothSinks(file: EventFile, outer: EventSink | undefined): EventSink {
  return {
    emit: (event: PikaciEvent) => {
      file.emit(event);
      outer?.emit(event);
    },
    emitRun: (event) => {
      file.emitRun(event);
      outer?.emitRun?.(event);
    },
    drained: async () => outer?.drained?.(),
  };
}
