import { randomBytes } from 'node:crypto';
import { err, ok, type Result } from 'neverthrow';
import type { IncusApi } from '../../../ports/incus-api.js';
import { awakeBound } from '../../../streams/awake-timer.js';
import type { JobFault } from '../../faults/job-fault.js';
import { incusFault } from '../../faults/port-faults.js';
import type { MachineSnapshot } from '../machine-backend.js';

const REMOVE_BOUND_MS = 60_000;

/** A snapshot under a name that no other has. What a killed caller leaves of it goes with the instance. */
export async function snapshotInstance(
  incus: IncusApi,
  { project, name: instance }: { readonly project: string; readonly name: string },
  signal: AbortSignal,
): Promise<Result<MachineSnapshot, JobFault>> {
  const snapshot = `fork-${randomBytes(8).toString('hex')}`;
  const of = { instance, snapshot };
  const remove = async (): Promise<Result<void, JobFault>> => {
    const removed = await incus.deleteSnapshot(project, of, { signal: awakeBound(REMOVE_BOUND_MS) });
    if (removed.isOk() || removed.error.kind === 'not_found') return ok(undefined);
    return err(incusFault(removed.error, 'clean_up'));
  };
  const taken = await incus.snapshotInstance(project, of, { signal });
  if (taken.isOk()) return ok({ ...of, remove });
  // The daemon may have taken it all the same.
  if (taken.error.kind !== 'unreachable') await remove();
  const fault = incusFault(taken.error, 'prepare_runtime');
  return err({ ...fault, message: `no snapshot of ${instance} could be made: ${fault.message}` });
}
