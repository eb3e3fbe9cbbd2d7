import type { Result } from 'neverthrow';
import type { FileStore } from '../../ports/file-store.js';
import type { Journal } from '../events/journal.js';
import type { JobFault } from '../faults/job-fault.js';
import { removeHostDirectory } from './host-directory.js';
import type { Machine } from './machine-backend.js';

const BOUND_MS = 90_000;

/** Removes a machine and its directory on the host, with a bound of its own; what fails is left to the reaper. */
export async function releaseMachine(
  machine: Machine,
  hostFiles: FileStore,
  journal: Journal,
): Promise<Result<void, JobFault>> {
  const signal = AbortSignal.timeout(BOUND_MS);
  const released = await journal.during('clean_up', async () => {
    // What tells a reaper of the machine may lie in the directory, so that goes second.
    const removed = await machine.remove(signal);
    return removed.isErr() ? removed : removeHostDirectory(hostFiles, machine.context.shared, signal);
  });
  const message = released.isOk() ? 'the machine is gone' : released.error.message;
  journal.emit({ type: 'cleaned_up', ok: released.isOk(), message });
  await journal.hostLog.flushed();
  return released;
}
