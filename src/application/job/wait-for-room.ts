import type { PikaciEvent } from '../../domain/events/event.js';
import { priorityOf } from '../../domain/machine/host-share.js';
import type { Clock } from '../../ports/clock.js';
import { GuardedEventSink } from '../events/guarded-event-sink.js';
import type { JobFault } from '../faults/job-fault.js';
import { withRequests } from '../machine/machine-spec.js';
import type { JobSettings } from '../settings/job-settings.js';
import type { PlaceLine } from './place-line.js';
import type { RunJobCall } from './run-job-call.js';

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 5_000;

export type QueueSettings = Pick<JobSettings, 'incusCapacity' | 'quotaWaitMs' | 'trust'>;

/** Of every event of a job. */
interface Common {
  readonly schema_version: 1;
  readonly at: string;
  readonly run_id: string;
  readonly job_id: string;
}

interface Parts {
  readonly clock: Clock;
  readonly host: string;
  readonly queue: QueueSettings;
  readonly line: PlaceLine;
}

/** The wait of a job until a member has room for it, as the phase `queued`. */
export interface WaitForRoom extends Disposable {
  /** Null when it is its turn to look; the fault when it has waited too long or was cancelled. */
  myTurn(signal: AbortSignal): Promise<JobFault | null>;
  /** No member has room: it looks again after a pause. */
  pause(why: string, signal: AbortSignal): Promise<void>;
  /** It has its member. */
  over(): void;
}

/** Null for a job that waits for nothing: it asks for no share of its host. */
export function waitForRoom(call: RunJobCall, { clock, host, queue, line }: Parts): WaitForRoom | null {
  const { limits = {}, requests, priority = 0 } = call.job;
  const asks = withRequests({ limits, requests } as Parameters<typeof withRequests>[0], queue.incusCapacity);
  if (asks.requests === undefined || queue.quotaWaitMs === 0) return null;
  const position = line.enter(priorityOf({ priority }, queue.trust));
  const sinceMs = clock.monotonic();
  const left = () => sinceMs + queue.quotaWaitMs - clock.monotonic();
  let pause = FIRST_PAUSE_MS;
  let why = 'others of this runner wait before it';
  let toldMs: number | null = null;
  const { events, runId } = call;
  const emit = (make: (common: Common) => PikaciEvent) => {
    if (events === undefined || runId === undefined) return;
    const at = new Date(clock.now()).toISOString();
    new GuardedEventSink(events, () => {}).emit(
      make({ schema_version: 1, at, run_id: runId, job_id: call.job.id }),
    );
  };
  const tell = () => {
    if (toldMs !== null) return;
    toldMs = clock.monotonic();
    const bound = `waits up to ${Math.ceil(queue.quotaWaitMs / 1000)} s for a member of the cluster`;
    const message = `the job ${bound}: place ${position.ahead + 1}: ${why}`;
    emit((common) => ({ ...common, type: 'warning', message }));
    emit((common) => ({ ...common, type: 'phase_started', phase: 'queued' }));
  };
  const over = (ok: boolean) => {
    position.leave();
    if (toldMs === null) return;
    const timing = { phase: 'queued' as const, duration_ms: clock.monotonic() - toldMs, ok };
    emit((common) => ({ ...common, type: 'phase_finished', ...timing }));
    toldMs = null;
  };
  return {
    myTurn: async (signal) => {
      while (!signal.aborted && left() > 0) {
        if (position.ahead === 0) return null;
        // Those before it may all have room, and be gone at once.
        const longest = toldMs === null ? Math.min(FIRST_PAUSE_MS, left()) : left();
        if ((await position.pause(longest, signal)) === 'elapsed') tell();
      }
      if (signal.aborted)
        return {
          kind: 'cancelled',
          phase: 'queued',
          host,
          message: 'cancelled while it waited for a member of the cluster',
        };
      const message = `no member of the cluster had room for the job within ${Math.ceil(queue.quotaWaitMs / 1000)} s (incus.quotaWaitSecs): ${why}; run less at once, or add a member`;
      return { kind: 'incus', phase: 'queued', host, message };
    },
    pause: async (told, signal) => {
      why = told;
      tell();
      await position.pause(Math.min(pause, Math.max(1, left())), signal);
      pause = Math.min(pause * 1.5, LONGEST_PAUSE_MS);
    },
    over: () => over(true),
    [Symbol.dispose]: () => over(false),
  };
}
