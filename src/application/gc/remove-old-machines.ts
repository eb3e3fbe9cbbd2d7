import { randomBytes } from 'node:crypto';
import { machineStateLayout, machinesDirOf } from '../../domain/records/machine-layout.js';
import { machineIdSchema } from '../../domain/values/identifier.js';
import type { FileStore } from '../../ports/file-store.js';
import { loadMachineRecord } from '../open-machine/machine-records.js';

/** Ids. */
export interface RemovedMachines {
  readonly removed: readonly string[];
  readonly failed: readonly { readonly machineId: string; readonly message: string }[];
}

/**
 * Removes what is recorded of open machines that are gone, all but the newest `keep`. One that was never released, and never found to
 * be gone, may be on its host: its record stays.
 */
export async function removeOldMachines(
  files: FileStore,
  {
    stateRoot,
    keep,
    dryRun,
  }: { readonly stateRoot: string; readonly keep: number; readonly dryRun: boolean },
): Promise<RemovedMachines> {
  const machines = machinesDirOf(stateRoot);
  const listed = await files.list(machines);
  const ended: { readonly id: string; readonly at: string }[] = [];
  for (const { name: id } of listed.unwrapOr([])) {
    if (!machineIdSchema.safeParse(id).success) continue;
    const record = await loadMachineRecord(files, machineStateLayout(stateRoot, id));
    const at = record.isOk() ? (record.value.released_at ?? record.value.gone_at ?? null) : null;
    if (at !== null) ended.push({ id, at });
  }
  ended.sort((a, b) => (a.at < b.at ? 1 : -1));
  const removed: string[] = [];
  const failed: { machineId: string; message: string }[] = [];
  for (const { id } of ended.slice(keep)) {
    const gone = dryRun ? null : await removeWhole(files, machines, id);
    if (gone === null) removed.push(id);
    else failed.push({ machineId: id, message: gone });
  }
  return { removed, failed };
}

/** Out of sight by one rename; null when it is gone. */
async function removeWhole(files: FileStore, machines: string, id: string): Promise<string | null> {
  const aside = `${machines}/.removing-${id}-${randomBytes(4).toString('hex')}`;
  const moved = await files.rename(`${machines}/${id}`, aside);
  const gone = moved.isErr() ? moved : await files.remove(aside, { recursive: true });
  return gone.isErr() ? gone.error.message : null;
}
