import { posix } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import type { RemoteLayout } from '../../domain/machine/remote-layout.js';
import type { RemoteLinuxVmContext } from '../../domain/machine/remote-linux-vm-context.js';
import type { FileFault, FileStore } from '../../ports/file-store.js';
import type { JobSession } from '../events/job-session.js';
import type { JobFault } from '../faults/job-fault.js';
import { hostFilesFault } from '../faults/port-faults.js';
import { releaseEndedRun } from '../holds/release-run.js';
import type { Backends } from '../machine/backends.js';
import type { JobPorts } from '../settings/job-ports.js';

const BOUND_MS = 90_000;
/** A call after a loss connects again. */
const TRIES = 3;

/** Removes a job's machine and its directory on the host, with a bound of its own; what fails is left to the reaper. */
export async function cleanUpJob(
  ports: JobPorts,
  backends: Backends,
  context: RemoteLinuxVmContext,
  session: JobSession,
): Promise<Result<void, JobFault>> {
  const signal = AbortSignal.timeout(BOUND_MS);
  const cleaned = await session.during('clean_up', async () => {
    // What tells a reaper of the machine may lie in the directory, so that goes second.
    const machine = await backends.cleanUp(context, signal);
    return machine.isErr() ? machine : removeJobDir(ports, context, signal);
  });
  const message = cleaned.isOk() ? 'the machine is gone' : cleaned.error.message;
  session.emit({ type: 'cleaned_up', ok: cleaned.isOk(), message });
  await session.hostLog.flushed();
  return cleaned;
}

/** The job's directory, and the run's when this was its last job. */
export async function removeJobDir(
  { hostFiles }: Pick<JobPorts, 'hostFiles'>,
  { shared }: { readonly shared: RemoteLayout },
  signal: AbortSignal = AbortSignal.timeout(BOUND_MS),
): Promise<Result<void, JobFault>> {
  const removed = await removeAcrossLosses(hostFiles, shared.remoteJobDir, { recursive: true, signal });
  if (removed.isErr()) return err(hostFilesFault(removed.error, 'clean_up'));
  for (const parent of [posix.dirname(shared.remoteJobDir), shared.remoteRunDir]) {
    const emptied = await removeAcrossLosses(hostFiles, parent, { signal });
    if (emptied.isErr()) {
      if (parent === shared.remoteRunDir) await releaseEndedRun(hostFiles, parent, signal);
      break;
    }
  }
  return ok(undefined);
}

/** A lost connection is made again by the next call. */
async function removeAcrossLosses(
  files: FileStore,
  path: string,
  options: { readonly recursive?: boolean; readonly signal: AbortSignal },
): Promise<Result<void, FileFault>> {
  let removed = await files.remove(path, options);
  for (let tries = 1; tries < TRIES && removed.isErr() && removed.error.kind === 'connection_lost'; tries++)
    removed = await files.remove(path, options);
  return removed;
}
