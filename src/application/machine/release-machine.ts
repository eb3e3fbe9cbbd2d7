import type { Result } from 'neverthrow';
import type { FileStore } from '../../ports/file-store.js';
import { awakeBound } from '../../streams/awake-timer.js';
import type { Journal } from '../events/journal.js';
import { throughOutages } from '../events/through-outages.js';
import type { JobFault } from '../faults/job-fault.js';
import { removeHostDirectory } from './host-directory.js';
import type { Machine } from './machine-backend.js';

const BOUND_MS = 90_000;

/**
 * Removes a machine and its directory on the host, with a bound of its own; what fails is left to the reaper. A connection that is lost
 * is waited for as following a job does: a host that is away for a moment keeps no machine.
 */
export async function releaseMachine(
  machine: Machine,
  hostFiles: FileStore,
  journal: Journal,
): Promise<Result<void, JobFault>> {
  const signal = awakeBound(BOUND_MS);
  const once = async (): Promise<Result<void, JobFault>> => {
    // What tells a reaper of the machine may lie in the directory, so that goes second.
    const removed = await machine.remove(signal);
    const directory = { layout: machine.context.shared, acquisition: machine.acquisition };
    return removed.isErr() ? removed : removeHostDirectory(hostFiles, directory, signal);
  };
  const released = await journal.runPhase('clean_up', () =>
    throughOutages(once, { journal, signal, causeOf: ({ cause }) => cause }),
  );
  const message = released.isOk() ? 'the machine is gone' : released.error.message;
  journal.emit({ type: 'cleaned_up', ok: released.isOk(), message });
  await journal.hostLog.flushed();
  return released;
}
