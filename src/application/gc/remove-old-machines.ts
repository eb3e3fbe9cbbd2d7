import {
  type MachineStateLayout,
  machineStateLayout,
  machinesDirOf,
} from '../../domain/records/machine-layout.js';
import { machineIdSchema } from '../../domain/values/identifier.js';
import type { Clock } from '../../ports/clock.js';
import { loadMachineRecord } from '../open-machine/machine-records.js';
import { removeMachineState } from '../open-machine/remove-state.js';
import { neverOpened } from '../open-machine/unopened.js';
import type { RecordPorts } from '../records/interrupted-run.js';

/** A process that has made a directory has it locked by then, ms. */
const LOCKED_BY_MS = 60_000;

/** Ids. */
export interface RemovedMachines {
  readonly removed: readonly string[];
  readonly failed: readonly { readonly machineId: string; readonly message: string }[];
}

/**
 * Removes what is recorded of open machines that are gone, all but the newest `keep`. One that was never released, and never found to
 * be gone, may be on its host: its record stays. What was taken for a machine that was never recorded counts as one that is gone.
 */
export async function removeOldMachines(
  ports: RecordPorts & { readonly clock: Clock },
  {
    stateRoot,
    keep,
    dryRun,
  }: { readonly stateRoot: string; readonly keep: number; readonly dryRun: boolean },
): Promise<RemovedMachines> {
  const { files } = ports;
  const listed = await files.list(machinesDirOf(stateRoot));
  const ended: { readonly id: string; readonly at: string }[] = [];
  for (const { name: id } of listed.unwrapOr([])) {
    if (!machineIdSchema.safeParse(id).success) continue;
    const at = await endOf(ports, id, machineStateLayout(stateRoot, id));
    if (at !== null) ended.push({ id, at });
  }
  ended.sort((a, b) => (a.at < b.at ? 1 : -1));
  const removed: string[] = [];
  const failed: { machineId: string; message: string }[] = [];
  for (const { id } of ended.slice(keep)) {
    const gone = dryRun ? null : await removeMachineState(files, id, machineStateLayout(stateRoot, id));
    if (gone === null || gone.isOk()) removed.push(id);
    else failed.push({ machineId: id, message: gone.error.message });
  }
  return { removed, failed };
}

/** ISO 8601; null for one that may be there, or that a process opens. */
async function endOf(
  { files, processes, clock }: RecordPorts & { readonly clock: Clock },
  id: string,
  state: MachineStateLayout,
): Promise<string | null> {
  const record = await loadMachineRecord(files, state);
  if (record.isOk()) return record.value.released_at ?? record.value.gone_at ?? null;
  if (record.error.kind !== 'no_such_machine') return null;
  const made = await files.lstat(state.machineDir);
  if (made.isErr() || made.value.mtimeMs > clock.now() - LOCKED_BY_MS) return null;
  const never = await neverOpened({ localFiles: files, processes }, { id, state });
  return never === null ? null : new Date(made.value.mtimeMs).toISOString();
}
