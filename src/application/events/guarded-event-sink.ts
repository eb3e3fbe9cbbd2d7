import type { PikaciEvent } from '../../domain/events/event.js';
import type { RunEvent } from '../../domain/events/run-event.js';
import type { EventSink } from '../../ports/event-sink.js';
import { guardedCall, textOf } from './guarded-call.js';

/**
 * The consumer's sink, kept from ending a job: what it throws, or rejects with, is told once, and the job goes on. It is
 * still handed what comes after, as one bad event may be all that it cannot take.
 */
export class GuardedEventSink implements EventSink {
  readonly #sink: EventSink;
  readonly #tell: (message: string) => void;
  #told = false;

  constructor(sink: EventSink, tell: (message: string) => void) {
    this.#sink = sink;
    this.#tell = tell;
  }

  emit(event: PikaciEvent): void {
    this.#guard('emit', () => this.#sink.emit(event));
  }

  emitRun(event: RunEvent): void {
    this.#guard('emitRun', () => this.#sink.emitRun?.(event));
  }

  async drained(): Promise<void> {
    try {
      await this.#sink.drained?.();
    } catch (error) {
      this.#failed('drained', error);
    }
  }

  #guard(method: string, call: () => unknown): void {
    // A sink in JavaScript may well be an async function; its rejection would end the process.
    guardedCall(call, (error) => this.#failed(method, error));
  }

  #failed(method: string, error: unknown): void {
    if (this.#told) return;
    this.#told = true;
    this.#tell(`${method} of the event sink failed, and the job goes on: ${textOf(error)}`);
  }
}
