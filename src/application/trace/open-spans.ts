import type { SpanBeginning, SpanEnding, Tracer, TraceSpan } from '../../ports/tracer.js';

/** Spans that are under way, by what they are of. */
export class OpenSpans {
  readonly #open = new Map<string, TraceSpan>();

  constructor(private readonly tracer: Tracer) {}

  /** One of the same name that never ended ends where this one begins. */
  begin(name: string, beginning: SpanBeginning): TraceSpan {
    this.end(name, { endMs: beginning.startMs });
    const span = this.tracer.begin(beginning);
    this.#open.set(name, span);
    return span;
  }

  end(name: string, ending: SpanEnding): void {
    this.#open.get(name)?.end(ending);
    this.#open.delete(name);
  }

  traceparentOf(name: string): string | null {
    return this.#open.get(name)?.traceparent ?? null;
  }

  endAll(ending: SpanEnding): void {
    for (const span of this.#open.values()) span.end(ending);
    this.#open.clear();
  }
}
