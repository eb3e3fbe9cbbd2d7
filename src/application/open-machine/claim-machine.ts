import { err, type Result } from 'neverthrow';
import type { MachineStateLayout } from '../../domain/records/machine-layout.js';
import type { JobFault } from '../faults/job-fault.js';
import { localFilesFault } from '../faults/port-faults.js';
import { JobLock, type JobLockPorts } from '../lock/job-lock.js';

/**
 * Makes and locks a machine's directory, which must be new: its files would be taken for another machine's. Of two processes one has the
 * first lock. What was claimed by a process that ended before it recorded a machine is nobody's, and is taken over.
 */
export async function claimMachine(
  ports: JobLockPorts,
  state: MachineStateLayout,
  signal: AbortSignal,
): Promise<Result<JobLock, JobFault>> {
  const { localFiles } = ports;
  const { machineDir } = state;
  const exists = (message: string) =>
    err({ kind: 'run_exists', phase: null, host: localFiles.host, message, field: 'id' } as const);
  const there = `${machineDir} is there already: give this machine another id, or attach to it`;
  const isUsed = async () => {
    const found = await Promise.all(
      [state.machineRecord, state.stepsDir].map((path) => localFiles.lstat(path)),
    );
    return found.some((one) => one.isOk());
  };
  if (await isUsed()) return exists(there);
  const made = await localFiles.makeDirectory(machineDir, { mode: 0o700 });
  if (made.isErr()) return err(localFilesFault(made.error, null));
  const lock = await JobLock.take(ports, machineDir, signal);
  if (lock.isErr()) {
    if (lock.error.kind !== 'job_in_use') return lock;
    return exists(
      `${machineDir} is there already, and is being opened by another process: give this machine another id`,
    );
  }
  // Whoever had it before may have come to its end meanwhile.
  if (lock.value.isFirst || !(await isUsed())) {
    await localFiles.remove(state.hostLog);
    return lock;
  }
  await lock.value[Symbol.asyncDispose]();
  return exists(there);
}
