import type { PikaciEvent } from '../../domain/events/event.js';
import type { EventSink } from '../../ports/event-sink.js';
import type { SecretMasker } from '../secrets/secret-masker.js';

/** Words of the protocol and names that the runner gave; a secret that happens to be `passed` must not make an event unreadable. */
const STRUCTURE = new Set([
  ...['schema_version', 'type', 'at', 'run_id', 'job_id', 'step_id', 'id', 'host', 'backend'],
  ...['phase', 'status', 'cause', 'rule', 'instance'],
  ...['started_at', 'finished_at', 'phases', 'incus_image', 'from'],
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
    this.#sink.emit(event.type === 'log_bytes' ? event : maskTexts(event, this.#masker));
  }
}

/** The same value with every free text masked, at any depth. */
export function maskTexts<T>(value: T, masker: SecretMasker): T {
  const mask = (part: unknown): unknown => {
    if (typeof part === 'string') return masker.maskText(part);
    if (Array.isArray(part)) return part.map(mask);
    if (part === null || typeof part !== 'object') return part;
    return Object.fromEntries(
      Object.entries(part).map(([key, item]) => [key, STRUCTURE.has(key) ? item : mask(item)]),
    );
  };
  return mask(value) as T;
}
