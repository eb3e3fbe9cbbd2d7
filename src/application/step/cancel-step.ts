import type { Result } from 'neverthrow';
import type { GuestStatus } from '../../domain/job/guest-result.js';
import type { Clock } from '../../ports/clock.js';
import { onAbort } from '../../streams/on-abort.js';
import type { Guest, GuestFault } from '../supervisor/guest.js';

const AGAIN_MS = 500;
/** On top of the grace: the supervisor's own KILL, and the answer. */
const MARGIN_MS = 15_000;

export interface CancelStep {
  readonly guest: Guest;
  readonly clock: Clock;
  readonly graceSecs: number;
  /** Fires when there is no time for the grace any more: the supervisor is asked again, with none. */
  readonly hurry?: AbortSignal | undefined;
}

/** Asks the supervisor to end its step, and resolves when it should have ended: after the answer there is only the following. */
export async function cancelStep(
  { guest, clock, graceSecs, hurry }: CancelStep,
  signal: AbortSignal,
): Promise<void> {
  const over = new AbortController();
  const bound = AbortSignal.any([signal, over.signal]);
  let hurried: Promise<unknown> = Promise.resolve();
  const forget = onAbort(hurry, () => {
    hurried = untilTold({ guest, clock, graceSecs: 0 }, bound);
  });
  const boundMs = graceSecs * 1000 + MARGIN_MS;
  try {
    const told = await Promise.race([
      untilTold({ guest, clock, graceSecs }, bound),
      clock.bound(boundMs, bound),
    ]);
    if (typeof told === 'string' || told.isErr()) return;
    await clock.bound(boundMs, bound);
  } finally {
    forget();
    over.abort();
    await hurried;
  }
}

/** The following reconnects meanwhile. A cancel that did not arrive is repeated, and so is one that came before the step had begun. */
async function untilTold(
  { guest, clock, graceSecs }: Omit<CancelStep, 'hurry'>,
  signal: AbortSignal,
): Promise<Result<GuestStatus, GuestFault>> {
  for (;;) {
    const told = await guest.cancel(graceSecs, { signal });
    if (told.isOk() ? told.value.state !== 'absent' : told.error.kind !== 'connection_lost') return told;
    if ((await clock.sleep(AGAIN_MS, signal)) === 'aborted') return told;
  }
}
