import {
  type Context,
  context,
  isSpanContextValid,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { parseTraceparent, traceparentOf } from '../../domain/values/traceparent.js';
import type { SpanBeginning, SpanEnding, Tracer, TraceSpan } from '../../ports/tracer.js';

/** Spans by OpenTelemetry's API: they go to whatever provider the process has registered, and nowhere while there is none. */
export class OtelTracer implements Tracer {
  readonly #outer: string | null;

  /** `outer`: what the whole process is a part of, as the variable `TRACEPARENT` says it. It counts where no span is active. */
  constructor(outer: string | undefined) {
    this.#outer = outer ?? null;
  }

  begin({ name, kind, parent, startMs, attributes }: SpanBeginning): TraceSpan {
    // The provider may be registered after this was made.
    const tracer = trace.getTracer('pikaci');
    const options = {
      kind: kind === 'server' ? SpanKind.SERVER : SpanKind.INTERNAL,
      startTime: startMs,
      attributes,
    };
    return new OtelSpan(tracer.startSpan(name, options, this.#contextOf(parent)));
  }

  #contextOf(parent: string | null | undefined): Context {
    const active = context.active();
    if (parent === undefined)
      return trace.getSpan(active) === undefined ? withParent(ROOT_CONTEXT, this.#outer, true) : active;
    return withParent(trace.deleteSpan(active), parent, false);
  }
}

function withParent(base: Context, traceparent: string | null, isRemote: boolean): Context {
  const parsed = traceparent === null ? null : parseTraceparent(traceparent);
  if (parsed === null) return base;
  const { traceId, spanId, flags } = parsed;
  return trace.setSpanContext(base, { traceId, spanId, traceFlags: flags, isRemote });
}

class OtelSpan implements TraceSpan {
  readonly traceparent: string | null;
  readonly #span: Span;

  constructor(span: Span) {
    this.#span = span;
    this.traceparent = textOf(span.spanContext());
  }

  end({ endMs, attributes = {}, error }: SpanEnding): void {
    if (!this.#span.isRecording()) return;
    this.#span.setAttributes(attributes);
    if (error !== undefined) this.#span.setStatus({ code: SpanStatusCode.ERROR, message: error });
    this.#span.end(endMs);
  }
}

function textOf(span: SpanContext): string | null {
  const { traceId, spanId, traceFlags: flags } = span;
  return isSpanContextValid(span) ? traceparentOf({ traceId, spanId, flags }) : null;
}
