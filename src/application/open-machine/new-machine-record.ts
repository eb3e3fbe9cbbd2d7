import type { OpenMachineSpec } from '../../domain/machine/open-machine-spec.js';
import type { MachineRecord } from '../../domain/records/machine-record.js';
import type { PlannedMachine } from '../machine/acquire-machine.js';
import type { MachineOrigin } from './open-machine-input.js';
import type { OpenMachineParts } from './open-machine-parts.js';

/** What is recorded of an open machine while it is made: all that another process needs to take it up. */
export function newMachineRecord(
  id: string,
  options: OpenMachineSpec,
  made: PlannedMachine & {
    readonly owner: string;
    readonly createdAtMs: number;
    readonly daemon: string | null;
    readonly forkedFrom: MachineOrigin['forkedFrom'];
  },
): MachineRecord {
  const { machine, image, snapshotHash, owner, createdAtMs, daemon, forkedFrom } = made;
  const { context } = machine;
  return {
    schema_version: 1,
    machine_id: id,
    created_at: new Date(createdAtMs).toISOString(),
    host: context.shared.remoteHost,
    backend: context.backend,
    work_dir: context.shared.remoteWorkDir,
    workspace: options.workspace ?? null,
    snapshot_hash: snapshotHash,
    spec: withoutServices(options),
    owner,
    incus_project: context.backend === 'incus' ? context.incusProject : null,
    ...(daemon === null ? {} : { incus_daemon: daemon }),
    incus_image: image,
    instance_name: machine.name,
    ...(made.acquired === undefined ? {} : { acquired: made.acquired }),
    ...(machine.acquisition === null ? {} : { acquisition: machine.acquisition }),
    ...(forkedFrom === undefined ? {} : { forked_from: forkedFrom }),
    released_at: null,
  };
}

/** What services are given of variables and files may be secret. */
function withoutServices({ services: _, ...options }: OpenMachineSpec): Omit<OpenMachineSpec, 'services'> {
  return options;
}

/** How the configuration differs from what the machine was opened with; null when it does not. */
export function mismatchOf(
  record: MachineRecord,
  { backends, ports, acquireMachine }: OpenMachineParts,
): string | null {
  const told = (what: string, recorded: string, configured: string) =>
    `the machine ${record.machine_id} was opened with the ${what} ${recorded}, and the configuration says ${configured}: use the configuration that it was opened with`;
  if (record.backend !== backends.name) return told('backend', record.backend, backends.name);
  if (record.work_dir !== acquireMachine.workDir)
    return told('work directory', record.work_dir, acquireMachine.workDir);
  return record.host === ports.shell.host ? null : told('host', record.host, ports.shell.host);
}
