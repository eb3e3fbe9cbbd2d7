import { err, type Result } from 'neverthrow';
import type { MachineStateLayout } from '../../domain/records/machine-layout.js';
import type { JobFault } from '../faults/job-fault.js';
import { localFilesFault } from '../faults/port-faults.js';
import { JobLock, type JobLockPorts } from '../lock/job-lock.js';

/**
 * Makes and locks a machine's directory, which must be new: its files would be taken for another machine's. Of two processes one has the
 * first lock.
 */
export async function claimMachine(
  ports: JobLockPorts,
  { machineDir }: MachineStateLayout,
  signal: AbortSignal,
): Promise<Result<JobLock, JobFault>> {
  const { localFiles } = ports;
  const there = await localFiles.lstat(machineDir);
  const message = `${machineDir} is there already: give this machine another id, or attach to it`;
  const exists = { kind: 'run_exists', phase: null, host: localFiles.host, message, field: 'id' } as const;
  if (there.isOk()) return err(exists);
  const made = await localFiles.makeDirectory(machineDir, { mode: 0o700 });
  if (made.isErr()) return err(localFilesFault(made.error, null));
  const lock = await JobLock.take(ports, machineDir, signal);
  if (lock.isErr()) return err(lock.error.kind === 'job_in_use' ? exists : lock.error);
  if (lock.value.isFirst) return lock;
  await lock.value[Symbol.asyncDispose]();
  return err(exists);
}
