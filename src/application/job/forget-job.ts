import type { JobFault } from '../faults/job-fault.js';
import type { HeldLock } from '../lock/job-lock.js';
import type { Machine } from '../machine/machine-backend.js';
import { releaseMachine } from '../machine/release-machine.js';
import { neverBegan } from '../records/interrupted-run.js';
import type { JobPorts } from '../settings/job-ports.js';
import { forgetRecord } from './job-record-file.js';
import type { JobSession } from './job-session.js';
import { superseded } from './report-end.js';

/** A job that never began has no result: its record goes, and its machine, if there is one. What is returned says so to whoever looked for it. */
export async function forgetJob(
  { localFiles, hostFiles }: Pick<JobPorts, 'localFiles' | 'hostFiles'>,
  {
    session,
    machine,
    lock,
  }: { readonly session: JobSession; readonly machine: Machine; readonly lock: HeldLock },
): Promise<JobFault> {
  if (!(await lock.isHeld())) return superseded({ lock, machine });
  const { runId, job } = session;
  await forgetRecord(localFiles, session, lock);
  await releaseMachine(machine, hostFiles, session);
  const message = `the job ${job.id} of ${runId} cannot be attached to: ${neverBegan(runId)}`;
  return { kind: 'no_such_job', phase: null, host: machine.context.shared.remoteHost, message };
}
