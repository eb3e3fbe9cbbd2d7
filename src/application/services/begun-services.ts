import type { Result } from 'neverthrow';
import {
  type JobServicesRecord,
  type ServiceMachineRecord,
  serviceMachineRecordSchema,
} from '../../domain/job/service-record.js';
import { isServiceName } from '../../domain/machine/service-spec.js';
import { type JobStateLayout, serviceStateLayout, servicesDirOf } from '../../domain/records/run-layout.js';
import type { FileStore } from '../../ports/file-store.js';
import type { JobFault } from '../faults/job-fault.js';
import { localFilesFault } from '../faults/port-faults.js';
import type { Machine } from '../machine/machine-backend.js';
import { readRecord } from '../records/read-record.js';
import { serviceMachineId } from './service-machine.js';
import type { ServedJob } from './service-parts.js';

/** Notes which machine a service is to have, while that is made. */
export async function recordBegun(
  files: FileStore,
  { machineId, state }: Pick<ServedJob, 'machineId' | 'state'>,
  { name, machine }: { readonly name: string; readonly machine: Machine },
): Promise<Result<null, JobFault>> {
  const { directory, machineRecord } = serviceStateLayout(state, name);
  const record: ServiceMachineRecord = {
    schema_version: 1,
    name,
    machine_id: serviceMachineId(machineId, name),
    instance_name: machine.name,
    acquisition: machine.acquisition,
  };
  const made = await files.makeDirectory(directory);
  const written = made.isErr()
    ? made
    : await files.writeFile(machineRecord, Buffer.from(`${JSON.stringify(record, null, 2)}\n`));
  return written.map(() => null).mapErr((fault) => localFilesFault(fault, 'launch_guest'));
}

/** The machines that were noted so. One that was removed since is known as that by its acquisition. */
export async function begunServices(
  files: FileStore,
  state: Pick<JobStateLayout, 'jobDir'>,
): Promise<JobServicesRecord['machines']> {
  const listed = await files.list(servicesDirOf(state));
  const names = listed.isOk() ? listed.value.map(({ name }) => name).filter(isServiceName) : [];
  const read = await Promise.all(
    names.map((name) =>
      readRecord(files, serviceStateLayout(state, name).machineRecord, serviceMachineRecordSchema),
    ),
  );
  return read.flatMap((one, index) =>
    one.isOk() && one.value.name === names[index] ? [{ ...one.value, ready_ms: null }] : [],
  );
}
