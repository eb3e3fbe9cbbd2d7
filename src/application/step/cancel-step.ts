import type { Result } from 'neverthrow';
import type { GuestStatus } from '../../domain/job/guest-result.js';
import type { Clock } from '../../ports/clock.js';
import type { Guest, GuestFault } from '../supervisor/guest.js';

const AGAIN_MS = 500;
/** On top of the grace: the supervisor's own KILL, and the answer. */
const MARGIN_MS = 15_000;

export interface CancelStep {
  readonly guest: Guest;
  readonly clock: Clock;
  readonly graceSecs: number;
}

/** Asks the supervisor to end its step, and resolves when it should have ended: after the answer there is only the following. */
export async function cancelStep(
  { guest, clock, graceSecs }: CancelStep,
  signal: AbortSignal,
): Promise<void> {
  const boundMs = graceSecs * 1000 + MARGIN_MS;
  const told = await Promise.race([
    untilTold({ guest, clock, graceSecs }, signal),
    clock.bound(boundMs, signal),
  ]);
  if (typeof told === 'string' || told.isErr()) return;
  await clock.bound(boundMs, signal);
}

/** The following reconnects meanwhile. A cancel that did not arrive is repeated, and so is one that came before the step had begun. */
async function untilTold(
  { guest, clock, graceSecs }: CancelStep,
  signal: AbortSignal,
): Promise<Result<GuestStatus, GuestFault>> {
  for (;;) {
    const told = await guest.cancel(graceSecs, { signal });
    if (told.isOk() ? told.value.state !== 'absent' : told.error.kind !== 'connection_lost') return told;
    if ((await clock.sleep(AGAIN_MS, signal)) === 'aborted') return told;
  }
}
