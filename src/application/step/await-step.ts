import { err, ok, type Result } from 'neverthrow';
import type { GuestStatus } from '../../domain/job/guest-result.js';
import type { Clock } from '../../ports/clock.js';
import { onAbort } from '../../streams/on-abort.js';
import type { Journal } from '../events/journal.js';
import type { WhyGone } from '../faults/host-gone.js';
import type { JobFault } from '../faults/job-fault.js';
import { localFilesFault } from '../faults/port-faults.js';
import type { GuestLog } from '../log/guest-log.js';
import type { FollowStream, Guest, GuestFault, ToldOfJob } from '../supervisor/guest.js';
import { endedBeyondCut } from './beyond-cut.js';
import { cancelStep } from './cancel-step.js';
import { type FollowEnd, followStep } from './follow-step.js';
import { askStatus, untilGivenUp } from './given-up.js';
import type { OnAbort } from './on-abort.js';
import { StopReason } from './stop-reason.js';

const PHASE = 'wait_for_completion';

export type StepEnd =
  | { readonly kind: 'finished'; readonly status: GuestStatus }
  | { readonly kind: 'lost'; readonly message: string }
  | Extract<FollowEnd, { readonly kind: 'refused' | 'not_begun' }>
  | { readonly kind: 'cancelled'; readonly message: string }
  | { readonly kind: 'detached' };

type Reason = 'beyond_cut' | 'overdue' | 'silent' | 'cancelled' | 'detached' | 'superseded';

export interface AwaitStepInput {
  readonly guest: Guest;
  readonly log: GuestLog;
  readonly journal: Pick<Journal, 'emit' | 'drained'>;
  readonly clock: Clock;
  /** How long a lost connection is made again, ms. */
  readonly reconnectMs: number;
  readonly whyGone?: WhyGone | undefined;
  /** What the step may take by its own bounds, ms. */
  readonly boundMs: number;
  readonly graceSecs: number;
  /** The stream that started the step; left out when it is followed from the log's position on. */
  readonly first: FollowStream | undefined;
  /** The step is new: a supervisor that has one of this name already has another one. */
  readonly isNew?: boolean;
  readonly restart: (() => Promise<Result<FollowStream, GuestFault>>) | undefined;
  /** Gets what the supervisor tells beside the log, again and again. */
  readonly told?: ToldOfJob | undefined;
  readonly onAbort: OnAbort;
  /** The caller's. */
  readonly signal: AbortSignal | undefined;
  /** Ends the grace of a step that is being cancelled. */
  readonly hurry?: AbortSignal | undefined;
  /** Fires when somebody else has taken the step over; its reason is the message. */
  readonly superseded: AbortSignal;
  /** For messages: what the step is called, and the command that resumes it. */
  readonly names: { readonly step: string; readonly attach: string };
}

/** Follows a step until it has ended, or until the caller's signal, its bound or another owner ends the following. */
export async function awaitStep(input: AwaitStepInput): Promise<Result<StepEnd, JobFault>> {
  const { guest, clock, log, journal, graceSecs, hurry } = input;
  const stop = new StopReason<Reason>();
  let isDraining = false;
  let isLost = false;
  const waiting = { guest, log, clock, isHeldUp: () => isDraining || isLost };
  const giveUp = async (boundMs: number) => {
    const end = await untilGivenUp({ ...waiting, boundMs }, stop.signal);
    if (end !== 'aborted') stop.give(end);
  };
  const overdue = giveUp(input.boundMs);
  const beyondCut = endedBeyondCut(waiting, stop.signal).then((status) => {
    if (status !== null) stop.give('beyond_cut');
    return status;
  });
  let cancelling: Promise<void> = Promise.resolve();
  const offAborted = onAbort(input.signal, () => {
    // What ends the run here is no end of what another goes on with.
    if (input.superseded.aborted) return stop.give('superseded');
    if (input.onAbort === 'detach') return stop.give('detached');
    if (input.onAbort === 'destroy') return stop.give('cancelled');
    cancelling = cancelStep({ guest, clock, graceSecs, hurry }, stop.signal).then(async () => {
      // A runner that was stopped meanwhile has the rest of the log to come.
      const status = await askStatus(waiting, stop.signal);
      if (status?.state === 'finished') await giveUp(0);
      else stop.give('cancelled');
    });
  });
  const offSuperseded = onAbort(input.superseded, () => stop.give('superseded'));
  try {
    const followed = await followStep({
      guest,
      log,
      clock,
      reconnectMs: input.reconnectMs,
      name: input.names.step,
      ...(input.first === undefined ? {} : { first: input.first }),
      ...(input.restart === undefined ? {} : { restart: input.restart }),
      whyGone: input.whyGone,
      ...(input.isNew === undefined ? {} : { isNew: input.isNew }),
      ...(input.told === undefined ? {} : { told: input.told }),
      signal: stop.signal,
      drained: async () => {
        isDraining = true;
        await journal.drained();
        isDraining = false;
      },
      onLost: (message) => {
        isLost = true;
        journal.emit({ type: 'connection_lost', log_offset: log.received, message });
      },
      onResumed: () => {
        isLost = false;
        journal.emit({ type: 'connection_resumed', log_offset: log.received });
      },
    });
    if (followed.isErr()) return err(localFilesFault(followed.error, PHASE));
    const end = followed.value;
    if (end.kind === 'aborted' && stop.first === 'beyond_cut') {
      const status = await beyondCut;
      if (status !== null) {
        log.passOver(status.log_bytes);
        return ok({ kind: 'finished', status });
      }
    }
    if (end.kind === 'aborted') return stopped(stop.first, input);
    if (end.kind !== 'unreachable') return ok(end);
    return err(hostFault(input, `${end.message}; the ${input.names.step} may still run`));
  } finally {
    stop.end();
    offAborted();
    offSuperseded();
    await Promise.all([overdue, cancelling, beyondCut]);
  }
}

function stopped(reason: Reason | null, input: AwaitStepInput): Result<StepEnd, JobFault> {
  switch (reason) {
    case null:
    case 'beyond_cut':
      return err(hostFault(input, `the connection was closed while the ${input.names.step} ran`));
    case 'detached':
      return ok({ kind: 'detached' });
    case 'cancelled':
      return ok({
        kind: 'cancelled',
        // What becomes of the machine is told when it is known.
        message:
          input.onAbort === 'destroy'
            ? 'cancelled by the caller, who did not wait for its end'
            : 'cancelled by the caller; the guest did not say in time that it had ended',
      });
    case 'overdue':
      return ok({
        kind: 'lost',
        message: `the guest did not end the ${input.names.step} within its timeout`,
      });
    case 'silent':
      return err(hostFault(input, `the guest does not say what has become of the ${input.names.step}`));
    case 'superseded': {
      const message = String(input.superseded.reason);
      return err({ kind: 'superseded', phase: PHASE, host: input.guest.description, message });
    }
  }
}

function hostFault({ guest, names }: AwaitStepInput, message: string): JobFault {
  const how = `"${names.attach}" resumes it`;
  return { kind: 'host', phase: PHASE, host: guest.description, message: `${message}: ${how}` };
}
