import { err, ok, type Result } from 'neverthrow';
import type { GuestStatus } from '../../domain/job/guest-result.js';
import type { Clock } from '../../ports/clock.js';
import type { OnAbort } from '../api/pikaci.js';
import type { JobSession } from '../events/job-session.js';
import type { JobFault } from '../faults/job-fault.js';
import { localFilesFault } from '../faults/port-faults.js';
import type { GuestLog } from '../log/guest-log.js';
import type { FollowStream, Guest, GuestFault } from '../supervisor/guest.js';
import { followJob } from './follow-step.js';

const PHASE = 'wait_for_completion';
/** What a supervisor that keeps its own bounds never needs; past it the machine counts as lost. */
const MARGIN_MS = 60_000;
const CANCEL_AGAIN_MS = 500;

export type JobEnd =
  | { readonly kind: 'finished'; readonly status: GuestStatus }
  | { readonly kind: 'lost'; readonly message: string }
  | { readonly kind: 'cancelled'; readonly message: string }
  | { readonly kind: 'detached' };

type StopReason = 'overdue' | 'cancelled' | 'detached' | 'superseded';

export interface AwaitJobInput {
  readonly session: JobSession;
  readonly guest: Guest;
  readonly log: GuestLog;
  readonly clock: Clock;
  readonly reconnectMs: number;
  readonly first: FollowStream | undefined;
  readonly restart: (() => Promise<Result<FollowStream, GuestFault>>) | undefined;
  readonly onAbort: OnAbort;
  /** The caller's. */
  readonly signal: AbortSignal | undefined;
  /** Fires when somebody else has taken the job over; its reason is the message. */
  readonly superseded: AbortSignal;
}

/** Follows the job until it has ended, or until the caller's signal, the bound or another owner ends the following. */
export async function awaitJob(input: AwaitJobInput): Promise<Result<JobEnd, JobFault>> {
  const { session, guest, clock } = input;
  const stop = new AbortController();
  let why: StopReason | null = null;
  const stopFor = (reason: StopReason) => {
    if (stop.signal.aborted) return;
    why = reason;
    stop.abort();
  };
  const bound = session.job.timeoutSecs * 1000 + session.job.graceSecs * 2000 + MARGIN_MS;
  const overdue = clock.sleep(bound, stop.signal).then((end) => {
    if (end === 'elapsed') stopFor('overdue');
  });
  const onAbort = async () => {
    if (input.onAbort === 'detach') return stopFor('detached');
    if (input.onAbort === 'destroy') return stopFor('cancelled');
    const graceMs = session.job.graceSecs * 1000 + 15_000;
    const told = await Promise.race([tellToEnd(input, stop.signal), clock.sleep(graceMs, stop.signal)]);
    if (typeof told === 'string' || told.isErr()) return stopFor('cancelled');
    await clock.sleep(graceMs, stop.signal);
    stopFor('cancelled');
  };
  const aborting = { done: Promise.resolve() };
  const abortListener = () => {
    aborting.done = onAbort();
  };
  const supersededListener = () => stopFor('superseded');
  input.signal?.addEventListener('abort', abortListener, { once: true });
  input.superseded.addEventListener('abort', supersededListener, { once: true });
  if (input.signal?.aborted === true) abortListener();
  if (input.superseded.aborted) supersededListener();

  try {
    const followed = await followJob({
      guest,
      log: input.log,
      clock,
      reconnectMs: input.reconnectMs,
      ...(input.first === undefined ? {} : { first: input.first }),
      ...(input.restart === undefined ? {} : { restart: input.restart }),
      signal: stop.signal,
      drained: () => session.drained(),
      onLost: (message) => session.emit({ type: 'connection_lost', log_offset: input.log.received, message }),
      onResumed: () => session.emit({ type: 'connection_resumed', log_offset: input.log.received }),
    });
    if (followed.isErr()) return err(localFilesFault(followed.error, PHASE));
    const end = followed.value;
    if (end.kind === 'aborted') return stopped(why, input);
    if (end.kind !== 'unreachable') return ok(end);
    const message = `${end.message}; the job may still run: ${howToAttach(session)}`;
    return err({ kind: 'host', phase: PHASE, host: guest.description, message });
  } finally {
    stop.abort();
    input.signal?.removeEventListener('abort', abortListener);
    input.superseded.removeEventListener('abort', supersededListener);
    await Promise.all([overdue, aborting.done]);
  }
}

/** The following is reconnecting meanwhile. A cancel that did not arrive is said again, and so is one that came before the job had begun. */
async function tellToEnd(
  { session, guest, clock }: AwaitJobInput,
  signal: AbortSignal,
): Promise<Result<GuestStatus, GuestFault>> {
  for (;;) {
    const told = await guest.cancel(session.job.graceSecs, { signal });
    if (told.isOk() ? told.value.state !== 'absent' : told.error.kind !== 'connection_lost') return told;
    if ((await clock.sleep(CANCEL_AGAIN_MS, signal)) === 'aborted') return told;
  }
}

function howToAttach(session: JobSession): string {
  return `"pikaci attach ${session.runId} ${session.job.id}" takes it up`;
}

function stopped(why: StopReason | null, input: AwaitJobInput): Result<JobEnd, JobFault> {
  switch (why) {
    case null: {
      const message = `the connection was closed while the job ran; ${howToAttach(input.session)}`;
      return err({ kind: 'host', phase: PHASE, host: input.guest.description, message });
    }
    case 'detached':
      return ok({ kind: 'detached' });
    case 'cancelled':
      return ok({
        kind: 'cancelled',
        message: 'cancelled by the caller; the machine was removed without waiting',
      });
    case 'overdue':
      return ok({ kind: 'lost', message: 'the guest did not end the job within its timeout' });
    case 'superseded': {
      const message = String(input.superseded.reason);
      return err({ kind: 'superseded', phase: PHASE, host: input.guest.description, message });
    }
  }
}
