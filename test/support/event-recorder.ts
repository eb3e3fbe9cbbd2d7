import type { PikaciEvent } from '../../src/domain/events/event.js';
import type { EventSink } from '../../src/ports/event-sink.js';

/** Keeps all events of a job, and lets a test wait for one. */
export class EventRecorder implements EventSink {
  readonly events: PikaciEvent[] = [];
  #log: Uint8Array[] = [];
  readonly #waiting = new Set<() => boolean>();

  emit(event: PikaciEvent): void {
    this.events.push(event);
    if (event.type === 'log_bytes') this.#log.push(event.data);
    for (const check of this.#waiting) if (check()) this.#waiting.delete(check);
  }

  /** The log as it was emitted, from the first byte on. */
  log(): Buffer {
    const whole = Buffer.concat(this.#log);
    this.#log = [whole];
    return whole;
  }

  types(): string[] {
    return this.events.map((event) => event.type).filter((type, at, all) => type !== all[at - 1]);
  }

  of<T extends PikaciEvent['type']>(type: T): Extract<PikaciEvent, { type: T }>[] {
    return this.events.filter((event): event is Extract<PikaciEvent, { type: T }> => event.type === type);
  }

  /** Resolves when the log has this text; the test's own time limit bounds it. */
  logged(text: string): Promise<void> {
    return this.until(() => this.log().includes(text));
  }

  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = () => {
        if (!condition()) return false;
        resolve();
        return true;
      };
      if (!check()) this.#waiting.add(check);
    });
  }
}
