import type { PikaciEvent } from '../../domain/event.js';
import type { EventSink } from '../../ports/event-sink.js';
import { maskTexts, type SecretMasker } from './secret-masker.js';

/** Masks every text of an event, at any depth. Log bytes have been masked as a stream before. */
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
