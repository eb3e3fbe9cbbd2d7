import type { PikaciEvent } from '../../domain/event.js';
import type { EventSink } from '../../ports/event-sink.js';
import type { SecretMasker } from './secret-masker.js';

/** Words of the protocol and names that the runner gave; a secret that happens to be `passed` must not make an event unreadable. */
const STRUCTURE = new Set([
  ...['schema_version', 'type', 'at', 'run_id', 'job_id', 'host', 'backend'],
  ...['phase', 'status', 'cause', 'rule', 'instance'],
]);

/** Masks every free text of an event, at any depth. Log bytes have been masked as a stream before. */
export class MaskingEventSink implements EventSink {
  readonly #sink: EventSink;
  readonly #masker: SecretMasker;

  constructor(sink: EventSink, masker: SecretMasker) {
    this.#sink = sink;
    this.#masker = masker;
  }

  emit(event: PikaciEvent): void {
    this.#sink.emit(event.type === 'log_bytes' ? event : (this.#mask(event) as PikaciEvent));
  }

  #mask(value: unknown): unknown {
    if (typeof value === 'string') return this.#masker.maskText(value);
    if (Array.isArray(value)) return value.map((item) => this.#mask(item));
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, STRUCTURE.has(key) ? item : this.#mask(item)]),
    );
  }
}
