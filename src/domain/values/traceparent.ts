/** Version 00 of https://www.w3.org/TR/trace-context/#traceparent-header: trace, span and flags in lower-case hexadecimal, no id of zeros alone. */
const FORM = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/;

/** The parts of a `traceparent`. */
export interface TraceParent {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  /** One byte; its lowest bit says that the trace is recorded. */
  readonly flags: number;
}

/** Null for what is none; who gets one of these begins a trace of its own, as the recommendation asks for. */
export function parseTraceparent(text: string): TraceParent | null {
  const [, traceId, spanId, flags] = FORM.exec(text.trim()) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return null;
  return { traceId, spanId, flags: Number.parseInt(flags, 16) };
}

/** As the header and the variable `TRACEPARENT` have it. */
export function traceparentOf({ traceId, spanId, flags }: TraceParent): string {
  return `00-${traceId}-${spanId}-${flags.toString(16).padStart(2, '0')}`;
}
