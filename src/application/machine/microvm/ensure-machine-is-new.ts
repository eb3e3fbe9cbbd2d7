import { err, ok, type Result } from 'neverthrow';
import type { RemoteMicrovmContext } from '../../../domain/machine/remote-linux-vm-context.js';
import type { FileStore } from '../../../ports/file-store.js';
import type { JobFault } from '../../faults/job-fault.js';
import { hostFilesFault } from '../../faults/port-faults.js';

const PHASE = 'prepare_runtime';

/** Looks before anything is written or removed there: what lies beside a machine is its owner's. */
export async function ensureMachineIsNew(
  hostFiles: FileStore,
  { remoteRuntimeDir }: RemoteMicrovmContext,
  signal: AbortSignal,
): Promise<Result<void, JobFault>> {
  const lease = await hostFiles.lstat(`${remoteRuntimeDir}/lease`, { signal });
  if (lease.isErr())
    return lease.error.kind === 'not_found' || lease.error.kind === 'not_a_directory'
      ? ok(undefined)
      : err(hostFilesFault(lease.error, PHASE));
  const message = 'a microVM of this run and job is there already: it was started before';
  return err({ kind: 'run_exists', phase: PHASE, host: hostFiles.host, message });
}
