import { err, ok, type Result } from 'neverthrow';
import { machineStateLayout, machinesDirOf } from '../../domain/records/machine-layout.js';
import type { MachineRecord } from '../../domain/records/machine-record.js';
import { machineIdSchema } from '../../domain/values/identifier.js';
import type { FileStore } from '../../ports/file-store.js';
import type { Processes } from '../../ports/processes.js';
import { awakeBound } from '../../streams/awake-timer.js';
import type { JobFault } from '../faults/job-fault.js';
import { localFilesFault } from '../faults/port-faults.js';
import { anotherDaemon } from '../machine/another-daemon.js';
import type { LeasedMachine } from '../machine/leased-machine.js';
import type { MachineBackends } from '../machine/machine-backends.js';
import { loadMachineRecord } from './machine-records.js';
import { isBeingOpened, neverOpened } from './unopened.js';

const BOUND_MS = 60_000;

/**
 * What a recorded machine is now.
 * - `opening`: a process is about to have it.
 * - `open`: it is on the host, and its lease is this record's.
 * - `stopped`: it is there and does not run. One of Incus is started by the next step, with its files as they were; a microVM can only be closed.
 * - `released`: it was released.
 * - `gone`: it was never released, and the host does not have it: its lease ended, somebody removed it, or its opener was killed before
 *   it was made.
 * - `elsewhere`: it was opened on another host, or with another backend, project or work directory than the configuration says.
 */
export type MachineState = 'opening' | 'open' | 'stopped' | 'released' | 'gone' | 'elsewhere';

/** A machine that was opened from this state root, as it is now. */
export interface ListedMachine {
  readonly id: string;
  readonly state: MachineState;
  /** What an operator finds it by: the name of the instance. */
  readonly name: string;
  readonly host: string;
  /** ISO 8601. */
  readonly createdAt: string;
  /** When its lease ends unless somebody renews it, ISO 8601 by the host's clock; null for one that is not there. */
  readonly leaseEndsAt: string | null;
}

/**
 * The newest first. `damaged` are ids whose record cannot be read; `unopened` those that were taken by a process that ended before it had
 * recorded a machine.
 */
export interface MachineListing {
  readonly machines: readonly ListedMachine[];
  readonly damaged: readonly { readonly id: string; readonly message: string }[];
  readonly unopened: readonly { readonly id: string; readonly message: string }[];
}

export interface ListMachinesParts {
  readonly localFiles: FileStore;
  readonly processes: Processes;
  readonly stateRoot: string;
  readonly backends: MachineBackends;
  /** As configured. */
  readonly place: { readonly host: string; readonly workDir: string; readonly incusProject: string };
}

/** All machines that are recorded on this machine, and what has become of each on the host. */
export async function listMachines(
  { localFiles, processes, stateRoot, backends, place }: ListMachinesParts,
  signal: AbortSignal | undefined,
): Promise<Result<MachineListing, JobFault>> {
  const entries = await localFiles.list(machinesDirOf(stateRoot));
  if (entries.isErr())
    return entries.error.kind === 'not_found'
      ? ok({ machines: [], damaged: [], unopened: [] })
      : err(localFilesFault(entries.error, null));
  const ports = { localFiles, processes };
  const records: MachineRecord[] = [];
  const opening = new Set<string>();
  const damaged: { id: string; message: string }[] = [];
  const unopened: { id: string; message: string }[] = [];
  for (const { name: id } of entries.value) {
    if (!machineIdSchema.safeParse(id).success) continue;
    const state = machineStateLayout(stateRoot, id);
    if (await isBeingOpened(ports, state)) opening.add(id);
    const record = await loadMachineRecord(localFiles, state);
    if (record.isOk()) records.push(record.value);
    else if (record.error.kind !== 'no_such_machine') damaged.push({ id, message: record.error.message });
    else {
      const never = await neverOpened(ports, { id, state });
      if (never !== null) unopened.push({ id, message: never.message });
    }
  }
  const here = (record: MachineRecord) =>
    record.host === place.host &&
    record.backend === backends.name &&
    record.work_dir === place.workDir &&
    (record.incus_project ?? place.incusProject) === place.incusProject;
  const there = new Map<string, LeasedMachine>();
  if (records.some((record) => record.released_at === null && here(record))) {
    const bound = awakeBound(BOUND_MS);
    const leased = await backends.leased(signal === undefined ? bound : AbortSignal.any([signal, bound]));
    if (leased.isErr()) return err(leased.error);
    for (const one of leased.value) there.set(`${one.lease.runId} ${one.lease.owner}`, one);
    const isMissing = (record: MachineRecord) => here(record) && !there.has(keyOf(record));
    // Which daemon it is that does not have them.
    if (records.some((record) => record.incus_daemon !== undefined && isMissing(record)))
      await backends.hostNow(bound);
  }
  const machines = records.map((record): ListedMachine => {
    const found = there.get(keyOf(record));
    const isHere = here(record) && (found !== undefined || anotherDaemon(record, backends.daemon) === null);
    const state = opening.has(record.machine_id) ? 'opening' : stateOf(record, isHere, found);
    const isThere = state === 'open' || state === 'stopped';
    return {
      id: record.machine_id,
      state,
      name: record.instance_name,
      host: record.host,
      createdAt: record.created_at,
      leaseEndsAt: isThere && found !== undefined ? new Date(found.lease.expiresAtMs).toISOString() : null,
    };
  });
  return ok({ machines: machines.sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1)), damaged, unopened });
}

const keyOf = ({ machine_id: id, owner }: MachineRecord) => `${id} ${owner}`;

function stateOf(record: MachineRecord, isHere: boolean, found: LeasedMachine | undefined): MachineState {
  if (record.released_at !== null) return 'released';
  if (!isHere) return 'elsewhere';
  if (found === undefined) return 'gone';
  return found.isUp ? 'open' : 'stopped';
}
