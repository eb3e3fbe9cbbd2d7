import { err, type Result } from 'neverthrow';
import type { JobStateLayout } from '../domain/run-layout.js';
import type { FileStore } from '../ports/file-store.js';
import { localFilesFault } from './fault-of.js';
import type { JobFault } from './job-fault.js';

/** The job's directory must be new: its files would be taken for another run's. */
export async function claimJobState(
  localFiles: FileStore,
  state: JobStateLayout,
  signal: AbortSignal,
): Promise<Result<void, JobFault>> {
  const there = await localFiles.lstat(state.jobDir, { signal });
  if (there.isOk()) {
    const message = `${state.jobDir} is there already: give this run another id, or attach to it`;
    return err({ kind: 'run_exists', phase: null, host: localFiles.host, message, field: 'runId' });
  }
  if (there.error.kind !== 'not_found') return err(localFilesFault(there.error, null));
  const made = await localFiles.makeDirectory(state.jobDir, { signal });
  return made.mapErr((fault) => localFilesFault(fault, null));
}
