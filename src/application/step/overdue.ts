import type { Clock } from '../../ports/clock.js';

/** What a supervisor that keeps its own bounds never needs. */
const MARGIN_MS = 60_000;
const SLICE_MS = 5000;
const BOUND_SLICE_MS = 60_000;

export interface OverdueInput {
  readonly clock: Clock;
  /** What the step may take by its own bounds. */
  readonly boundMs: number;
  /** True while the log waits for a slow reader, or for a connection: that is not the guest's time. */
  readonly isHeldUp: () => boolean;
}

/**
 * Resolves when a step has outlived its own bound by a margin. Both are counted in slices: of the time for which a runner was stopped
 * (Ctrl-Z, a laptop that slept) at most one of them counts.
 */
export async function untilOverdue(input: OverdueInput, signal: AbortSignal): Promise<'overdue' | 'aborted'> {
  const parts = [
    [input.boundMs, BOUND_SLICE_MS],
    [MARGIN_MS, SLICE_MS],
  ] as const;
  for (const [wholeMs, longestMs] of parts) {
    for (let counted = 0; counted < wholeMs; ) {
      const slice = Math.min(longestMs, wholeMs - counted);
      if ((await input.clock.sleep(slice, signal)) === 'aborted') return 'aborted';
      if (!input.isHeldUp()) counted += slice;
    }
  }
  return 'overdue';
}
