import type { Result } from 'neverthrow';
import type { RemoteLinuxVmContext } from '../../domain/machine/remote-linux-vm-context.js';
import type { FileStore } from '../../ports/file-store.js';
import type { JobFault } from '../faults/job-fault.js';
import { hostFilesFault } from '../faults/port-faults.js';

const RACES = 5;

/** Makes a job's directories on the host. */
export async function prepareDirectories(
  hostFiles: FileStore,
  context: RemoteLinuxVmContext,
  signal: AbortSignal,
): Promise<Result<void, JobFault>> {
  let made = await hostFiles.makeDirectory(context.shared.remoteArtifactsDir, { signal });
  // The run's last job may have ended this moment, and its clean-up be taking the empty parents away.
  for (let race = 0; made.isErr() && made.error.kind === 'not_found' && race < RACES; race++)
    made = await hostFiles.makeDirectory(context.shared.remoteArtifactsDir, { signal });
  return made.mapErr((fault) => hostFilesFault(fault, 'prepare_directories'));
}
