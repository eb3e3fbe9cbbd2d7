import { err, ok, type Result } from 'neverthrow';
import type { Clock } from '../../ports/clock.js';
import type { JobFault } from '../faults/job-fault.js';
import type { MachineBackends } from './machine-backends.js';

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 5_000;
/** After this the machine is tried again although none has gone: somebody may have raised the limit. */
const TRY_MS = 30_000;

/** Whether a machine could not be made because a limit of its project leaves no room for it now. */
export function isWithoutRoom({ cause }: JobFault): boolean {
  return cause?.kind === 'quota_reached';
}

export interface Queue {
  readonly clock: Clock;
  readonly backends: Pick<MachineBackends, 'names'>;
  /** Until when all is waited, on the monotonic clock, and how long that is in all. */
  readonly untilMs: number;
  readonly waitMs: number;
}

/** Waits until there may be room: a machine has gone, or half a minute is over. `refused` is the answer when the time is over. */
export async function awaitRoom(
  { clock, backends, untilMs, waitMs }: Queue,
  refused: JobFault,
  signal: AbortSignal,
): Promise<Result<void, JobFault>> {
  const began = clock.monotonic();
  const before = await backends.names(signal);
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 1.5, LONGEST_PAUSE_MS)) {
    const left = untilMs - clock.monotonic();
    if (left <= 0) return err(overdue(refused, waitMs));
    if ((await clock.sleep(Math.min(pause, left), signal)) === 'aborted') {
      const message = 'cancelled while it waited for room in the project';
      return err({ kind: 'cancelled', phase: 'queued', host: refused.host, message });
    }
    if (clock.monotonic() - began >= TRY_MS) return ok(undefined);
    const now = await backends.names(signal);
    if (before.isErr() || now.isErr()) continue;
    const still = new Set(now.value);
    if (before.value.some((name) => !still.has(name))) return ok(undefined);
  }
}

function overdue(refused: JobFault, waitMs: number): JobFault {
  const waited = waitMs === 0 ? 'not waited for' : `waited for ${waitMs / 1000} s`;
  const message = `${refused.message}; ${waited} (incus.quotaWaitSecs): raise the project's limit, run less at once, or remove machines that stay ("pikaci machine list", "pikaci gc --remote")`;
  return { ...refused, phase: 'queued', message };
}
