import type { JobRecord } from '../../domain/job/job-record.js';
import { machineJobId } from '../../domain/machine/machine-job-id.js';
import { claimedName } from '../machine/claimed-name.js';
import type { Machine } from '../machine/machine-backend.js';
import type { MachineBackends } from '../machine/machine-backends.js';

/** The machine of the attempt that a job's record is of, whether it is there or not. The ids are those by which the record was found. */
export function machineOfRecord(
  backends: MachineBackends,
  { runId, jobId }: { readonly runId: string; readonly jobId: string },
  record: JobRecord,
): Machine {
  return backends.machine({
    runId,
    jobId: machineJobId(jobId, record.attempt ?? 1),
    acquisition: record.acquisition ?? null,
    ...(record.incus_project === null ? {} : { incusProject: record.incus_project }),
    ...claimedName(record),
    ...(record.snapshot_hash === null ? {} : { snapshotHash: record.snapshot_hash }),
  });
}
