import { err, ok, type Result } from 'neverthrow';
import { type JobStateLayout, servicesDirOf } from '../../domain/records/run-layout.js';
import type { JobFault } from '../faults/job-fault.js';
import { JobLock } from '../lock/job-lock.js';
import type { JobServices } from '../services/job-services.js';
import type { JobPorts } from '../settings/job-ports.js';

interface Unrecorded {
  readonly runId: string;
  readonly jobId: string;
  readonly state: JobStateLayout;
}

/** Removes the machines of services whose runner died before it recorded their job. While a runner lives they are its own. */
export async function removeBegun(
  {
    ports,
    jobServices,
  }: {
    readonly ports: Pick<JobPorts, 'localFiles' | 'clock' | 'processes'>;
    readonly jobServices: Pick<JobServices, 'removeBegun'>;
  },
  { runId, jobId, state }: Unrecorded,
  signal: AbortSignal,
): Promise<Result<void, JobFault>> {
  if ((await ports.localFiles.lstat(servicesDirOf(state))).isErr()) return ok(undefined);
  const locked = await JobLock.take(ports, state.jobDir, signal);
  if (locked.isErr()) return locked.error.kind === 'job_in_use' ? ok(undefined) : err(locked.error);
  await using _ = locked.value;
  return await jobServices.removeBegun({ runId, jobId, state, secrets: [], incusProject: null });
}
