import { trace } from '@opentelemetry/api';
import {
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { afterEach, describe, expect, it } from 'vitest';
import { MemoryTracer } from '../../src/adapters/memory/memory-tracer.js';
import { OtelTracer } from '../../src/adapters/otel/otel-tracer.js';
import { parseTraceparent } from '../../src/domain/values/traceparent.js';
import type { SpanAttributes } from '../../src/ports/tracer.js';
import { type ToldSpan, tracerContract } from '../../src/testing/contract/tracer.js';

const OUTER = '00-0123456789abcdef0123456789abcdef-fedcba9876543210-01';
const plain = { kind: 'internal', attributes: {}, startMs: 1_700_000_000_000 } as const;

function listening() {
  const exporter = new InMemorySpanExporter();
  trace.disable();
  trace.setGlobalTracerProvider(
    new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }),
  );
  return exporter;
}

const ms = ([secs, nanos]: readonly [number, number]) => secs * 1000 + nanos / 1e6;

function told(span: ReadableSpan): ToldSpan {
  const { name, attributes, status, startTime, endTime, parentSpanContext } = span;
  const { traceId, spanId } = span.spanContext();
  return {
    name,
    traceId,
    spanId,
    parentSpanId: parentSpanContext?.spanId ?? null,
    startMs: ms(startTime),
    endMs: ms(endTime),
    attributes: attributes as SpanAttributes,
    error: status.message ?? null,
  };
}

afterEach(() => trace.disable());

tracerContract({ describe, it }, "OpenTelemetry's tracer", async () => {
  const exporter = listening();
  return {
    tracer: new OtelTracer(undefined),
    told: () => exporter.getFinishedSpans().map(told),
    [Symbol.asyncDispose]: async () => {},
  };
});

tracerContract({ describe, it }, 'the tracer in memory', async () => {
  const tracer = new MemoryTracer();
  const spanOf = (traceparent: string | null) =>
    traceparent === null ? null : parseTraceparent(traceparent);
  return {
    tracer,
    told: () =>
      tracer.spans.map(({ traceparent, parent, ...span }) => ({
        ...span,
        traceId: spanOf(traceparent)?.traceId ?? '',
        spanId: spanOf(traceparent)?.spanId ?? '',
        parentSpanId: spanOf(parent)?.spanId ?? null,
      })),
    [Symbol.asyncDispose]: async () => {},
  };
});

describe("OpenTelemetry's tracer", () => {
  it('has no span to name while nobody listens, and hands on what the process is a part of', () => {
    const nobody = new OtelTracer(undefined).begin({ ...plain, name: 'a' });
    nobody.end({ endMs: 1 });
    expect(nobody.traceparent).toBeNull();
    const within = new OtelTracer(OUTER).begin({ ...plain, name: 'a' });
    expect(within.traceparent).toBe(OUTER);
    expect(new OtelTracer(OUTER).begin({ ...plain, name: 'a', parent: null }).traceparent).toBeNull();
    expect(new OtelTracer('no traceparent').begin({ ...plain, name: 'a' }).traceparent).toBeNull();
  });

  it('is a part of what TRACEPARENT names, with its flags', () => {
    const exporter = listening();
    new OtelTracer(OUTER).begin({ ...plain, name: 'a' }).end({ endMs: plain.startMs });
    expect(exporter.getFinishedSpans().map(told)).toMatchObject([{ parentSpanId: 'fedcba9876543210' }]);
    const unsampled = `${OUTER.slice(0, -2)}00`;
    const quiet = new OtelTracer(unsampled).begin({ ...plain, name: 'b' });
    quiet.end({ endMs: plain.startMs });
    expect(exporter.getFinishedSpans()).toHaveLength(1);
    expect(quiet.traceparent).toMatch(/^00-0123456789abcdef0123456789abcdef-[0-9a-f]{16}-00$/);
  });

  it('is registered late, and heard all the same', () => {
    trace.disable();
    const tracer = new OtelTracer(undefined);
    const exporter = listening();
    tracer.begin({ ...plain, name: 'a' }).end({ endMs: plain.startMs });
    expect(exporter.getFinishedSpans()).toHaveLength(1);
  });
});
