import type { Clock } from '../../ports/clock.js';

/** What a supervisor that keeps its own bounds never needs. */
const MARGIN_MS = 60_000;
const SLICE_MS = 5000;

export interface OverdueInput {
  readonly clock: Clock;
  /** What the step may take by its own bounds. */
  readonly boundMs: number;
  /** True while the log waits for a slow reader: that is not the guest's time. */
  readonly isHeldUp: () => boolean;
}

/**
 * Resolves when a step has outlived its own bound by a margin. The margin is counted in slices: a runner that was stopped for a
 * while (Ctrl-Z, a laptop that slept) loses at most one of them, and gets to ask the guest before it calls anything lost.
 */
export async function untilOverdue(input: OverdueInput, signal: AbortSignal): Promise<'overdue' | 'aborted'> {
  const { clock, boundMs, isHeldUp } = input;
  if ((await clock.sleep(boundMs, signal)) === 'aborted') return 'aborted';
  for (let counted = 0; counted < MARGIN_MS; ) {
    if ((await clock.sleep(SLICE_MS, signal)) === 'aborted') return 'aborted';
    if (!isHeldUp()) counted += SLICE_MS;
  }
  return 'overdue';
}
