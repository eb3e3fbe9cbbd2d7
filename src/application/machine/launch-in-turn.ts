import { err, type Result } from 'neverthrow';
import type { Clock } from '../../ports/clock.js';
import type { JobFault } from '../faults/job-fault.js';
import { isWithoutRoom, type RoomLine, type Turn } from './room-line.js';

export interface LaunchTurn {
  readonly clock: Clock;
  readonly line: RoomLine;
  /** The highest comes first. */
  readonly priority: number;
  /** How long room is waited for. */
  readonly waitMs: number;
  readonly signal: AbortSignal;
  /** Whether it asks for more than its project has in all, so that waiting is of no use. */
  readonly neverFits: (signal: AbortSignal) => Promise<boolean>;
  /** Tells of the waiting; `why` is said the first time only. */
  readonly queued: <T>(
    why: string | null,
    wait: () => Promise<Result<T, JobFault>>,
  ) => Promise<Result<T, JobFault>>;
}

/**
 * Makes a machine, and where its project has no room, waits for its turn and tries again. Where others wait already it does not try before
 * them, unless it will never fit: then it is told so at once. An attempt that does not begin at once asks again when it does: `behind` is
 * its answer where others have come to wait meanwhile.
 */
export async function launchInTurn<T extends { readonly machine: { readonly name: string } }>(
  { clock, line, priority, waitMs, signal, neverFits, queued }: LaunchTurn,
  attempt: (behind: () => Promise<JobFault | null>) => Promise<Result<T, JobFault>>,
): Promise<Result<T, JobFault>> {
  const number = line.arrive();
  const untilMs = clock.monotonic() + waitMs;
  let turn: Turn | null = null;
  const behind = async () => {
    if (turn !== null || waitMs === 0 || line.refusal === null || (await neverFits(signal))) return null;
    return line.refusal;
  };
  let refused = await behind();
  let hasTold = waitMs === 0;
  for (;;) {
    if (refused !== null) {
      const before = refused === line.refusal ? line.before({ priority, number }) : 0;
      const others =
        before === 0 ? '' : `${before} of this runner wait before it, the first of them because of `;
      const why = `there is no room for the machine, which waits up to ${Math.ceil(waitMs / 1000)} s: ${others}${refused.message}`;
      const wait = { number, priority, untilMs, waitMs, refused };
      const told = hasTold ? null : why;
      hasTold = true;
      const waited = await queued(told, () => line.turn(wait, signal));
      if (waited.isErr()) return err(waited.error);
      turn = waited.value;
    }
    const launched = await attempt(behind);
    if (launched.isErr() && isWithoutRoom(launched.error)) {
      const isOwn = launched.error !== line.refusal;
      refused = launched.error;
      if (isOwn) line.tried(turn, { refused });
      continue;
    }
    line.tried(turn, launched.isOk() ? { made: launched.value.machine.name } : 'failed');
    return launched;
  }
}
