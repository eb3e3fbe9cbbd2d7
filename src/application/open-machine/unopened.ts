import { err, ok, type Result } from 'neverthrow';
import type { MachineStateLayout } from '../../domain/records/machine-layout.js';
import type { FileStore } from '../../ports/file-store.js';
import type { Processes } from '../../ports/processes.js';
import type { MachineFault, OpenMachineFault } from '../faults/machine-fault.js';
import { hasWriter } from '../lock/has-writer.js';
import { JobLock, type JobLockPorts } from '../lock/job-lock.js';

interface Ports {
  readonly localFiles: FileStore;
  readonly processes: Processes;
}

/** Whether a process opens the machine now. One that cannot be looked at is believed to. */
export function isBeingOpened({ localFiles, processes }: Ports, state: MachineStateLayout): Promise<boolean> {
  return hasWriter({ files: localFiles, processes }, state.machineDir);
}

/** `Ok` when nobody opens the machine, also once an opener that cannot be looked at has been silent for long enough. */
export async function notBeingOpened(
  ports: JobLockPorts,
  { id, state }: { readonly id: string; readonly state: MachineStateLayout },
  signal: AbortSignal = new AbortController().signal,
): Promise<Result<void, OpenMachineFault>> {
  if (!(await isBeingOpened(ports, state))) return ok(undefined);
  const lock = await JobLock.take(ports, state.machineDir, signal);
  if (lock.isOk()) {
    await lock.value[Symbol.asyncDispose]();
    return ok(undefined);
  }
  if (lock.error.kind !== 'job_in_use') return err(lock.error);
  const message = `the machine ${id} is being opened by another process: wait until it is open`;
  return err({ kind: 'no_such_machine', host: ports.localFiles.host, message });
}

/**
 * What is told of a machine without a record: null when there is nothing of it, or a process opens it. The machine may have been made
 * all the same; nobody has its owner's token any more.
 */
export async function neverOpened(
  ports: Ports,
  { id, state }: { readonly id: string; readonly state: MachineStateLayout },
): Promise<MachineFault | null> {
  const { localFiles } = ports;
  if ((await localFiles.lstat(state.machineDir)).isErr() || (await isBeingOpened(ports, state))) return null;
  const message = `the machine ${id} was never opened: its opener ended before ${state.machineRecord} was written. What it may have made on the host goes with "pikaci gc --remote" once its lease has ended; the id may be opened again`;
  return { kind: 'no_such_machine', host: localFiles.host, message };
}
