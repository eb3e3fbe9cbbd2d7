import { err, ok, type Result } from 'neverthrow';
import type { JobRecord } from '../../domain/job/job-record.js';
import { recordOnHost } from '../../domain/records/kept-layout.js';
import type { JobStateLayout } from '../../domain/records/run-layout.js';
import type { FileStore } from '../../ports/file-store.js';
import type { JobFault } from '../faults/job-fault.js';
import { localFilesFault } from '../faults/port-faults.js';
import type { Machine } from '../machine/machine-backend.js';
import type { JobPorts } from '../settings/job-ports.js';
import type { JobCopies } from './job-copies.js';
import { saveJobRecord } from './job-record-file.js';

/**
 * Saves the record of a new job here, and beside its machine on the host: whoever removes the machine when this runner is gone knows by it what
 * is to be kept. Without that one the job runs all the same.
 */
export async function saveNewRecord(
  { localFiles, hostFiles }: Pick<JobPorts, 'localFiles' | 'hostFiles'>,
  {
    state,
    machine,
    copies,
    warn,
  }: {
    readonly state: JobStateLayout;
    readonly machine: Machine;
    readonly copies: JobCopies | undefined;
    warn(message: string): void;
  },
  record: JobRecord,
): Promise<Result<JobRecord, JobFault>> {
  const bytes = Buffer.from(`${JSON.stringify(record)}\n`);
  const path = recordOnHost(machine.context.shared);
  const [saved, beside, copied] = await Promise.all([
    saveJobRecord(localFiles, state, record),
    hostFiles.writeFile(path, bytes, { mode: 0o600 }),
    copies?.save(record) ?? ok(undefined),
  ]);
  if (beside.isErr()) warn(`"pikaci recover" will not find this job: ${path}: ${beside.error.message}`);
  if (copied.isErr()) return err(copied.error);
  return saved.map(() => record).mapErr((fault) => localFilesFault(fault, 'launch_guest'));
}

/** Its end is recorded here: what is left in a machine that stays is nothing that somebody misses. */
export async function forgetOnHost(hostFiles: FileStore, { context }: Machine): Promise<void> {
  await hostFiles.remove(recordOnHost(context.shared));
}
