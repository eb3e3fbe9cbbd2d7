import type { GuestStatus } from '../../domain/job/guest-result.js';
import type { Clock } from '../../ports/clock.js';
import type { GuestLog } from '../log/guest-log.js';
import type { Guest } from '../supervisor/guest.js';
import { untilOverdue } from './overdue.js';

const ANSWER_MS = 30_000;
/** As often a guest may be asked without giving an answer. */
const MOST_SILENCES = 5;
/** As often a step that runs past its bound is found running: its supervisor may have been stopped as well, and end it now. */
const MOST_RUNNING = 2;
/** As often in all: a log that comes slowly has about an hour. */
const MOST_ASKED = 60;

export interface GivenUpInput {
  readonly guest: Guest;
  readonly log: Pick<GuestLog, 'received'>;
  readonly clock: Clock;
  readonly boundMs: number;
  readonly isHeldUp: () => boolean;
}

/**
 * Resolves when a step is given up: `overdue` when its guest says that it runs, long past its bound; `silent` when the guest says nothing,
 * or brings no more of the log of a step that has ended. The guest is asked first: the time that has passed here may not have been its own.
 */
export async function untilGivenUp(
  input: GivenUpInput,
  signal: AbortSignal,
): Promise<'overdue' | 'silent' | 'aborted'> {
  let { boundMs } = input;
  let [running, silences] = [0, 0];
  let receivedBefore: number | null = null;
  for (let asked = 0; asked < MOST_ASKED; asked++) {
    if ((await untilOverdue({ ...input, boundMs }, signal)) === 'aborted') return 'aborted';
    boundMs = 0;
    const status = await askStatus(input, signal);
    if (signal.aborted) return 'aborted';
    if (status === null) {
      if (++silences === MOST_SILENCES) return 'silent';
    } else if (status.state !== 'finished') {
      if (++running === MOST_RUNNING) return 'overdue';
    } else {
      const { received } = input.log;
      if (received === receivedBefore) return 'silent';
      receivedBefore = received;
    }
  }
  return 'silent';
}

/** Where the step stands by the guest's own word; null when it gives none in time. */
export async function askStatus(
  { guest, clock }: Pick<GivenUpInput, 'guest' | 'clock'>,
  signal: AbortSignal,
): Promise<GuestStatus | null> {
  const over = new AbortController();
  const bound = AbortSignal.any([signal, over.signal]);
  const answer = await Promise.race([guest.status({ signal: bound }), clock.bound(ANSWER_MS, bound)]);
  over.abort();
  return typeof answer === 'string' || answer.isErr() ? null : answer.value;
}
