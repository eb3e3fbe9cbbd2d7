import { err, ok, type Result } from 'neverthrow';
import type { Clock } from '../../../ports/clock.js';
import type { IncusApi } from '../../../ports/incus-api.js';
import type { IncusFault } from '../../../ports/incus-fault.js';

const MOST_ROUNDS = 8;
const PAUSE_MS = 100;

/**
 * Ends an instance, whatever its state, and fine when it is gone already. Stopping an ephemeral one deletes it; one that
 * never started, or is not ephemeral, is deleted after that.
 */
export async function removeInstance(
  { incus, clock }: { readonly incus: IncusApi; readonly clock: Clock },
  project: string,
  name: string,
  signal: AbortSignal,
): Promise<Result<void, IncusFault>> {
  let last: IncusFault | null = null;
  for (let round = 0; round < MOST_ROUNDS && !signal.aborted; round++) {
    const stopped = await incus.changeState(
      project,
      name,
      { action: 'stop', timeoutSecs: 0, force: true },
      { signal },
    );
    if (stopped.isErr() && stopped.error.kind === 'not_found') return ok(undefined);
    if (stopped.isErr() && !settles(stopped.error)) return err(stopped.error);
    const deleted = await incus.deleteInstance(project, name, { signal });
    if (deleted.isOk() || deleted.error.kind === 'not_found') return ok(undefined);
    if (!settles(deleted.error)) return err(deleted.error);
    last = deleted.error;
    await clock.sleep(PAUSE_MS * (round + 1), signal);
  }
  return err(
    last ?? {
      kind: 'aborted',
      host: incus.host,
      tried: `remove ${name}`,
      status: null,
      message: 'ran out of time',
    },
  );
}

/** Already stopped, still starting, stopping for somebody else: worth another look. */
function settles(fault: IncusFault): boolean {
  return ['invalid_request', 'busy', 'operation_failed', 'server_error', 'connection_lost'].includes(
    fault.kind,
  );
}
