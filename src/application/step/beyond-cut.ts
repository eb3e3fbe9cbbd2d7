import type { GuestStatus } from '../../domain/job/guest-result.js';
import type { Clock } from '../../ports/clock.js';
import { bounded } from '../../streams/bounded.js';
import type { GuestLog } from '../log/guest-log.js';
import type { Guest } from '../supervisor/guest.js';
import { askStatus } from './given-up.js';

/** Between two questions, ms. */
const PAUSE_MS = 10_000;

export interface BeyondCutInput {
  readonly guest: Guest;
  readonly log: Pick<GuestLog, 'whenCut'>;
  readonly clock: Clock;
}

/**
 * Where a step stands that has ended while what lies beyond the cap of its log is still read, of which nothing is kept: a job of root can
 * make its log as large as it likes, and that costs it nothing. Null when the wait is ended first.
 */
export async function endedBeyondCut(
  input: BeyondCutInput,
  signal: AbortSignal,
): Promise<GuestStatus | null> {
  await bounded(input.log.whenCut, { signal });
  while (!signal.aborted) {
    const status = await askStatus(input, signal);
    if (signal.aborted) break;
    if (status?.state === 'finished') return status;
    await input.clock.sleep(PAUSE_MS, signal);
  }
  return null;
}
