import type { Pikaci } from '../../../../application/api/pikaci.js';
import type { OpenMachineFault } from '../../../../application/faults/machine-fault.js';

/** Removes the machine of a job, however far that came; one that is gone is removed. Null when nothing is left. */
export async function releaseMachine(
  pikaci: Pikaci,
  machineId: string,
  signal: AbortSignal,
): Promise<OpenMachineFault | null> {
  const attached = await pikaci.attachMachine(machineId, { signal });
  if (attached.isErr()) {
    const { kind } = attached.error;
    const isGone = kind === 'machine_released' || kind === 'machine_gone' || kind === 'no_such_machine';
    return isGone ? null : attached.error;
  }
  const released = await attached.value.release();
  return released.isErr() ? released.error : null;
}
