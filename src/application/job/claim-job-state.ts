import { err, type Result } from 'neverthrow';
import type { JobStateLayout } from '../../domain/records/run-layout.js';
import type { JobFault } from '../faults/job-fault.js';
import { localFilesFault } from '../faults/port-faults.js';
import { JobLock, type JobLockPorts } from '../lock/job-lock.js';

/** Makes and locks a job's directory, which must be new: its files would be taken for another run's. */
export async function claimJobState(
  ports: JobLockPorts,
  { jobDir }: JobStateLayout,
  signal: AbortSignal,
): Promise<Result<JobLock, JobFault>> {
  const { localFiles } = ports;
  const there = await localFiles.lstat(jobDir, { signal });
  const message = `${jobDir} is there already: give this run another id, or attach to it`;
  const exists = { kind: 'run_exists', phase: null, host: localFiles.host, message, field: 'runId' } as const;
  if (there.isOk()) return err(exists);
  if (there.error.kind !== 'not_found') return err(localFilesFault(there.error, null));
  const made = await localFiles.makeDirectory(jobDir, { signal });
  if (made.isErr()) return err(localFilesFault(made.error, null));
  const lock = await JobLock.take(ports, jobDir, signal);
  if (lock.isErr() || lock.value.isFirst) return lock;
  // Another runner has been through here since the look.
  await lock.value[Symbol.asyncDispose]();
  return err(exists);
}
