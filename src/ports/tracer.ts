/** What a span says: text, numbers and yes or no, by the names of OpenTelemetry's semantic conventions where they have one. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

/** What begins, when, and within what. */
export interface SpanBeginning {
  readonly name: string;
  /** `server` for what somebody asked pikaci for as a whole, `internal` for a part of it. */
  readonly kind: 'server' | 'internal';
  /**
   * The span that it is a part of, as its `traceparent` (W3C Trace Context); null for what is a part of nothing that is known. When left
   * out, what the caller has as its active span.
   */
  readonly parent?: string | null;
  /** Milliseconds since the epoch. */
  readonly startMs: number;
  readonly attributes: SpanAttributes;
}

/** How it ended, and when. */
export interface SpanEnding {
  /** Milliseconds since the epoch. */
  readonly endMs: number;
  readonly attributes?: SpanAttributes;
  /** What went wrong, for people; a span without it ended well. */
  readonly error?: string;
}

/** A part of a trace that is under way. */
export interface TraceSpan {
  /** Names this span to its parts, in this process or another; null where there is no trace. */
  readonly traceparent: string | null;
  /** Tells it, once; a second call does nothing. */
  end(ending: SpanEnding): void;
}

/** Tells whoever listens what took how long, and within what. Fails in nothing, and costs nearly nothing while nobody listens. */
export interface Tracer {
  /** Begins a span. Whoever begins it ends it. */
  begin(beginning: SpanBeginning): TraceSpan;
}
