import type { SpanAttributes } from '../../ports/tracer.js';

/** Results of runs and tasks in OpenTelemetry's conventions for CI/CD: https://opentelemetry.io/docs/specs/semconv/registry/attributes/cicd/ */
export type TraceResult = 'success' | 'failure' | 'error' | 'timeout' | 'cancellation' | 'skip';

/** What the end of a run, a job, a step or a node comes to; null for one that goes on without us. */
export function traceResultOf(status: string, cause: string | null = null): TraceResult | null {
  if (status === 'passed') return 'success';
  if (status === 'cancelled') return 'cancellation';
  if (status === 'skipped') return 'skip';
  if (status !== 'failed') return null;
  if (cause === 'timeout') return 'timeout';
  // Nothing that was run has failed there: what should have run it has.
  return cause === 'lost' || cause === 'setup' || cause === 'invalid_request' ? 'error' : 'failure';
}

/** Whether a span with this result is one of a failure. */
export function isError(result: TraceResult | null): boolean {
  return result === 'failure' || result === 'error' || result === 'timeout';
}

/** Attributes that have a value. */
export function known(
  attributes: Readonly<Record<string, string | number | boolean | null | undefined>>,
): SpanAttributes {
  return Object.fromEntries(
    Object.entries(attributes).flatMap(([name, value]) =>
      value === null || value === undefined ? [] : [[name, value] as const],
    ),
  );
}
