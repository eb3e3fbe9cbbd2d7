import { err, ok, type Result } from 'neverthrow';
import type { JobRecord } from '../../domain/job/job-record.js';
import { jobStateLayout } from '../../domain/records/run-layout.js';
import { jobIdSchema, runIdSchema } from '../../domain/values/identifier.js';
import { awakeBound } from '../../streams/awake-timer.js';
import type { JobFault } from '../faults/job-fault.js';
import type { Machine } from '../machine/machine-backend.js';
import type { MachineBackends } from '../machine/machine-backends.js';
import type { JobPorts } from '../settings/job-ports.js';
import type { JobSettings } from '../settings/job-settings.js';
import { configMismatch } from './config-mismatch.js';
import { loadJobRecord } from './job-record-file.js';
import { machineOfRecord } from './machine-of-record.js';

const ASK_BOUND_MS = 60_000;

export interface JobMachineParts {
  readonly ports: Pick<JobPorts, 'localFiles' | 'shell'>;
  readonly settings: Pick<JobSettings, 'stateRoot'>;
  readonly backends: MachineBackends;
}

export interface JobMachine {
  readonly machine: Machine;
  readonly record: JobRecord;
}

/** The machine of a job that runs, or that was kept after it failed, if it is there and that job's. */
export async function findJobMachine(
  { ports, settings, backends }: JobMachineParts,
  job: { readonly runId: string; readonly jobId: string },
  signal: AbortSignal | undefined,
): Promise<Result<JobMachine, JobFault>> {
  const fault = (kind: JobFault['kind'], message: string): JobFault => ({
    kind,
    phase: null,
    host: ports.shell.host,
    message,
  });
  const bad = [runIdSchema.safeParse(job.runId), jobIdSchema.safeParse(job.jobId)].find((id) => !id.success);
  if (bad !== undefined)
    return err(fault('invalid_job', bad.error?.issues[0]?.message ?? 'that is not an id'));
  const state = jobStateLayout(settings.stateRoot, job.runId, job.jobId);
  const loaded = await loadJobRecord(ports.localFiles, state, signal);
  if (loaded.isErr()) return err(loaded.error);
  const record = loaded.value;
  const machine = machineOfRecord(backends, job, record);
  const mismatch = configMismatch(record, machine);
  if (mismatch !== null) return err(fault('config_mismatch', mismatch));
  const bound = awakeBound(ASK_BOUND_MS);
  const found = await machine.lease.read(signal === undefined ? bound : AbortSignal.any([signal, bound]));
  if (found.isErr()) {
    const { kind, fault: refused } = found.error;
    if (kind !== 'not_found') return err(refused);
    const message = `the machine ${machine.name} of this job is gone; "pikaci run --keep-on-failure" keeps that of a job that fails`;
    return err({
      ...fault('guest', message),
      ...(refused.cause === undefined ? {} : { cause: refused.cause }),
    });
  }
  // The name follows from the ids; that it is pikaci's, and this job's, is what its lease says.
  const { lease } = found.value;
  if (lease?.runId !== job.runId || lease.jobId !== machine.context.shared.jobId)
    return err(fault('guest', `the instance ${machine.name} is not the machine of this job`));
  return ok({ machine, record });
}
