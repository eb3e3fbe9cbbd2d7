import { err, ok, type Result } from 'neverthrow';
import type { GuestStatus } from '../../domain/job/guest-result.js';
import type { Clock } from '../../ports/clock.js';
import type { FileFault } from '../../ports/file-store.js';
import type { WhyGone } from '../faults/host-gone.js';
import type { GuestLog } from '../log/guest-log.js';
import { readAhead } from '../log/read-ahead.js';
import type { FollowStream, Guest, GuestFault, ToldOfJob } from '../supervisor/guest.js';

/** Pauses between attempts to reach a host again, ms; the last one repeats. */
const BACKOFF_MS = [100, 250, 500, 1000, 2000, 5000] as const;
/** A stream that brought nothing and did not last this long, ms, has not ended the outage before it. */
const STEADY_MS = 5000;
/** Log that may wait for the disk or for a slow sink; beyond it the guest is slowed down. */
const READ_AHEAD_BYTES = 256 * 1024;
/** A machine that is there and does not run is being started by somebody, or stopped: it gets this long, ms. */
const NOT_RUNNING_MS = 60_000;
const NOT_RUNNING_PAUSE_MS = 250;
/** How often a job that the supervisor does not know is handed to it again. */
const MAX_RESTARTS = 3;
/** A connection that is lost for so long may be lost with its host, ms. */
const ASK_AFTER_MS = 5_000;
/** What may be a host that has died: so long the next attempt waits for others to find out, ms. */
const PATIENCE_MS = 12_000;
/** When the host is about to be given up: so long others may take to find out that it has died, ms. */
const LAST_PATIENCE_MS = 60_000;
/** Attempts in a row that may end without a byte or a result before the guest counts as lost. */
const MAX_ATTEMPTS_WITHOUT_PROGRESS = 5;

export type FollowEnd =
  | { readonly kind: 'finished'; readonly status: GuestStatus }
  /** The machine or its supervisor is gone, or does not behave as one. */
  | { readonly kind: 'lost'; readonly message: string }
  /** The host could not be reached again within the bound; the job may still run. */
  | { readonly kind: 'unreachable'; readonly message: string }
  /** The supervisor did not take the step: another one runs in the machine, or this one was run before. */
  | { readonly kind: 'refused'; readonly refusal: 'busy' | 'already_started'; readonly message: string }
  /** The supervisor said why it could not begin the step, and could not record it. */
  | { readonly kind: 'not_begun'; readonly cause: 'setup' | 'invalid_request'; readonly message: string }
  | { readonly kind: 'aborted' };

export interface FollowInput {
  readonly guest: Guest;
  readonly log: GuestLog;
  readonly clock: Clock;
  readonly reconnectMs: number;
  /** Why it will never be reached again, as others say who can tell; null where nobody can. Asked while it cannot be reached. */
  readonly whyGone?: WhyGone | undefined;
  /** The stream that started the job; left out when the job runs already. */
  readonly first?: FollowStream;
  /** The step is new: a supervisor that has one of this name already has another one. */
  readonly isNew?: boolean;
  /** Starts the job again when the supervisor says that it never began (the connection broke before). */
  readonly restart?: () => Promise<Result<FollowStream, GuestFault>>;
  readonly told?: ToldOfJob;
  /** What it is in messages; `job` when left out. */
  readonly name?: string;
  readonly signal: AbortSignal;
  readonly drained: () => Promise<void>;
  readonly onLost: (message: string) => void;
  readonly onResumed: () => void;
}

/** Follows a job's log to its end, across lost connections; not a byte is lost or doubled. */
export async function followStep(input: FollowInput): Promise<Result<FollowEnd, FileFault>> {
  let stream = input.first;
  let fruitless = 0;
  let notRunningSince: number | null = null;
  let outage = null as { readonly since: number; attempts: number } | null;
  let resumed = null as { readonly outage: NonNullable<typeof outage>; readonly at: number } | null;
  let restarts = 0;
  let notBegun = null as Extract<FollowEnd, { readonly kind: 'not_begun' }> | null;
  for (;;) {
    const before = input.log.received;
    const begunAt = input.clock.monotonic();
    const begins = stream !== undefined && restarts === 0;
    const attempt = await followOnce(input, stream, () => {
      if (outage === null) return;
      input.onResumed();
      resumed = { outage, at: input.clock.monotonic() };
      outage = null;
    });
    stream = undefined;
    if (attempt.isErr()) return err(attempt.error);
    const progressed = input.log.received > before;
    let end = attempt.value;

    if (input.signal.aborted) return ok({ kind: 'aborted' });
    if (end.isOk() && end.value.state === 'absent') {
      if (input.restart === undefined || ++restarts > MAX_RESTARTS || before > 0)
        return ok(
          notBegun ?? { kind: 'lost', message: `the guest has no record of the ${input.name ?? 'job'}` },
        );
      const again = await input.restart();
      if (again.isOk()) {
        stream = again.value;
        continue;
      }
      if (again.error.kind !== 'refused') restarts--;
      end = err(again.error);
    }
    if (end.isOk()) {
      const { state, log_bytes: total } = end.value;
      if (state === 'finished' && input.log.received >= total)
        return ok({ kind: 'finished', status: end.value });
      if (state === 'lost')
        return ok(
          notBegun ?? { kind: 'lost', message: end.value.message ?? 'the supervisor in the guest is gone' },
        );
    } else {
      if (end.error.kind === 'not_running') {
        notRunningSince ??= input.clock.monotonic();
        if (begunAt - notRunningSince > NOT_RUNNING_MS)
          return ok({ kind: 'lost', message: end.error.message });
        await input.clock.sleep(NOT_RUNNING_PAUSE_MS, input.signal);
        continue;
      }
      notRunningSince = null;
      const { refusal } = end.error;
      if ((refusal === 'setup' || refusal === 'invalid_request') && input.log.received === 0)
        notBegun = { kind: 'not_begun', cause: refusal, message: end.error.message };
      if (refusal === 'busy' || (refusal === 'already_started' && begins && input.isNew === true))
        return ok({ kind: 'refused', refusal, message: end.error.message });
      if (end.error.kind === 'gone') {
        const why = (await input.whyGone?.(0, input.signal)) ?? null;
        const message = why === null ? end.error.message : `${end.error.message}: ${why.message}`;
        return ok({ kind: 'lost', message });
      }
      if (end.error.kind === 'aborted') return ok({ kind: 'aborted' });
      if (end.error.kind === 'connection_lost') {
        if (outage === null) {
          const now = input.clock.monotonic();
          const flapping = resumed !== null && !progressed && now - resumed.at < STEADY_MS;
          outage = flapping && resumed !== null ? resumed.outage : { since: now, attempts: 0 };
          resumed = null;
          input.onLost(end.error.message);
        }
        // The last attempt begins behind the bound: this runner may have been stopped in the one before.
        const isOver = begunAt - outage.since > input.reconnectMs;
        if (isOver || input.clock.monotonic() - outage.since > ASK_AFTER_MS) {
          const why = await input.whyGone?.(isOver ? LAST_PATIENCE_MS : PATIENCE_MS, input.signal);
          if (why != null) return ok({ kind: 'lost', message: why.message });
        }
        if (isOver) {
          return ok({ kind: 'unreachable', message: end.error.message });
        }
        await input.clock.sleep(
          BACKOFF_MS[Math.min(outage.attempts++, BACKOFF_MS.length - 1)] ?? 5000,
          input.signal,
        );
        continue;
      }
    }
    fruitless = progressed ? 0 : fruitless + 1;
    if (fruitless >= MAX_ATTEMPTS_WITHOUT_PROGRESS) {
      if (notBegun !== null) return ok(notBegun);
      const message = end.isErr() ? end.error.message : 'its log ends before its announced size';
      return ok({ kind: 'lost', message: `the guest does not answer as a supervisor does: ${message}` });
    }
    await input.clock.sleep(BACKOFF_MS[Math.min(fruitless, 3)] ?? 1000, input.signal);
  }
}

/** One stream, from the byte after the last one taken. The inner result says how the stream ended, the outer one whether the log could be kept. */
async function followOnce(
  input: FollowInput,
  given: FollowStream | undefined,
  onOpened: () => void,
): Promise<Result<Result<GuestStatus, GuestFault>, FileFault>> {
  let stream = given;
  if (stream === undefined) {
    const opened = await input.guest.follow(input.log.received, {
      signal: input.signal,
      ...input.told,
    });
    if (opened.isErr()) return ok(err(opened.error));
    stream = opened.value;
    onOpened();
  }
  await using owned = stream;
  const leave = () => void owned[Symbol.asyncDispose]();
  input.signal.addEventListener('abort', leave, { once: true });
  if (input.signal.aborted) leave();
  try {
    for await (const chunk of readAhead(owned.log, READ_AHEAD_BYTES)) {
      const taken = await input.log.take(chunk);
      if (taken.isErr()) return err(taken.error);
      await unlessAborted(input.drained(), input.signal);
    }
  } finally {
    input.signal.removeEventListener('abort', leave);
  }
  return ok(await owned.end);
}

/** Waits for `work`, or for the signal: a reader that has stalled must not keep a job from being left. */
async function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  let onAbort = () => {};
  const aborted = new Promise<void>((resolve) => {
    onAbort = resolve;
  });
  signal.addEventListener('abort', onAbort, { once: true });
  await Promise.race([work, aborted]);
  signal.removeEventListener('abort', onAbort);
}
