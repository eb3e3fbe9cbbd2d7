import type { Result } from 'neverthrow';
import type { FileStore } from '../../ports/file-store.js';
import type { Journal } from '../events/journal.js';
import type { FaultCause, JobFault } from '../faults/job-fault.js';
import { removeHostDirectory } from './host-directory.js';
import type { Machine } from './machine-backend.js';

const BOUND_MS = 90_000;
/** Pauses before the host is asked again after a lost connection, ms: 30 s in all. */
const PAUSES_MS = [100, 250, 500, 1000, 2000, 5000, 5000, 5000, 5000, 5000] as const;

/**
 * Removes a machine and its directory on the host, with a bound of its own; what fails is left to the reaper. A connection that is lost
 * is waited for as following a job does: a host that is away for a moment keeps no machine.
 */
export async function releaseMachine(
  machine: Machine,
  hostFiles: FileStore,
  journal: Journal,
): Promise<Result<void, JobFault>> {
  const signal = AbortSignal.timeout(BOUND_MS);
  const once = async (): Promise<Result<void, JobFault>> => {
    // What tells a reaper of the machine may lie in the directory, so that goes second.
    const removed = await machine.remove(signal);
    const directory = { layout: machine.context.shared, acquisition: machine.acquisition };
    return removed.isErr() ? removed : removeHostDirectory(hostFiles, directory, signal);
  };
  const released = await journal.during('clean_up', async () => {
    let result = await once();
    for (const pause of PAUSES_MS) {
      if (result.isOk() || !isOutage(result.error.cause)) break;
      if ((await journal.pause(pause, signal)) === 'aborted') break;
      result = await once();
    }
    return result;
  });
  const message = released.isOk() ? 'the machine is gone' : released.error.message;
  journal.emit({ type: 'cleaned_up', ok: released.isOk(), message });
  await journal.hostLog.flushed();
  return released;
}

/** What another attempt may find over. */
function isOutage(cause: FaultCause | undefined): boolean {
  return cause?.kind === 'connection_lost' || cause?.kind === 'unreachable';
}
