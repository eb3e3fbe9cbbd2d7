import { randomBytes } from 'node:crypto';
import { err, ok, type Result } from 'neverthrow';
import type { IncusApi } from '../../../ports/incus-api.js';
import { awakeBound } from '../../../streams/awake-timer.js';
import type { JobFault } from '../../faults/job-fault.js';
import { incusFault } from '../../faults/port-faults.js';
import type { MachineSnapshot } from '../machine-backend.js';

const REMOVE_BOUND_MS = 60_000;

/** A copy is there by then. */
const EXPIRY_MS = 60 * 60_000;

/** A snapshot under a name that no other has. What a killed caller leaves of it the daemon removes by itself. */
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
  const server = await incus.server({ signal });
  const now = server.isOk() ? server.value.hostTimeMs : null;
  const expiry = now === null ? {} : { expiresAtMs: now + EXPIRY_MS };
  const taken = await incus.snapshotInstance(project, of, { signal, ...expiry });
  if (taken.isOk()) return ok({ ...of, remove });
  // The daemon may have taken it all the same.
  if (taken.error.kind !== 'unreachable') await remove();
  const fault = incusFault(taken.error, 'prepare_runtime');
  return err({ ...fault, message: `no snapshot of ${instance} could be made: ${fault.message}` });
}
