import { err, type Result } from 'neverthrow';
import type { JobFault } from '../faults/job-fault.js';
import type { GuestShell, ShellCall } from '../machine/guest-shell.js';
import { findJobMachine, type JobMachineParts } from './job-machine.js';

/**
 * Opens a terminal in the machine of a job that runs, or that was kept after it failed, as the job's user. An open shell does not
 * extend the machine's lease.
 */
export async function openShell(
  parts: JobMachineParts,
  job: { readonly runId: string; readonly jobId: string },
  call: ShellCall,
): Promise<Result<GuestShell, JobFault>> {
  const found = await findJobMachine(parts, job, call.signal);
  if (found.isErr()) return err(found.error);
  const { machine, record } = found.value;
  const { job_spec: spec } = record;
  const user = typeof spec['user'] === 'string' ? spec['user'] : undefined;
  return await machine.openShell({ runAsRoot: spec['runAsRoot'] === true, user }, call);
}
