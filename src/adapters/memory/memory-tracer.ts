import { parseTraceparent, traceparentOf } from '../../domain/values/traceparent.js';
import type { SpanAttributes, SpanBeginning, SpanEnding, Tracer, TraceSpan } from '../../ports/tracer.js';

/** A span that was told. */
export interface MemorySpan {
  readonly name: string;
  readonly kind: SpanBeginning['kind'];
  /** Its `traceparent`, and that of what it is a part of. */
  readonly traceparent: string;
  readonly parent: string | null;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: SpanAttributes;
  readonly error: string | null;
}

/** Keeps the spans that were told, in the order of their ends. */
export class MemoryTracer implements Tracer {
  readonly spans: MemorySpan[] = [];
  /** What the caller has as its active span. */
  active: string | null = null;
  #begun = 0;

  /** As OpenTelemetry's does, with ids that count up. */
  begin({ name, kind, parent: given, startMs, attributes }: SpanBeginning): TraceSpan {
    const parent = given === undefined ? this.active : given;
    const above = parent === null ? null : parseTraceparent(parent);
    this.#begun += 1;
    const id = this.#begun.toString(16);
    const traceId = above?.traceId ?? id.padStart(32, 'a');
    const traceparent = traceparentOf({ traceId, spanId: id.padStart(16, 'b'), flags: above?.flags ?? 1 });
    let isTold = false;
    const end = ({ endMs, attributes: more = {}, error }: SpanEnding) => {
      if (isTold) return;
      isTold = true;
      this.spans.push({
        name,
        kind,
        traceparent,
        parent: above === null ? null : parent,
        startMs,
        endMs,
        attributes: { ...attributes, ...more },
        error: error ?? null,
      });
    };
    return { traceparent, end };
  }
}
