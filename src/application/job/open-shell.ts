import { err, ok, type Result } from 'neverthrow';
import { GUEST_USER_ID, GUEST_WORKSPACE_DIR, guestHomeDir } from '../../domain/machine/guest-paths.js';
import { readLease } from '../../domain/machine/lease.js';
import { jobStateLayout } from '../../domain/records/run-layout.js';
import { jobIdSchema, runIdSchema } from '../../domain/values/identifier.js';
import type { IncusExec } from '../../ports/incus-api.js';
import type { JobFault } from '../faults/job-fault.js';
import type { JobPorts } from '../settings/job-ports.js';
import type { JobSettings } from '../settings/job-settings.js';
import { loadJobRecord } from './job-record-file.js';

export interface ShellCall {
  readonly columns: number;
  readonly rows: number;
  /** `$TERM` of the terminal that shows it. */
  readonly term?: string;
  readonly signal?: AbortSignal;
}

/** A login shell in a guest. The caller reads `output`, writes, resizes, and disposes of it. */
export type GuestShell = Pick<IncusExec, 'output' | 'exit' | 'write' | 'resize'> & AsyncDisposable;

/** Says nothing of the data: the best shell that the image has. */
const LOGIN_SHELL = ['/bin/sh', '-c', 'command -v bash >/dev/null && exec bash -l; exec sh -l'] as const;

/**
 * Opens a terminal in the machine of a job that runs, or that was kept after it failed. The machine's lease is left as it is:
 * whoever sits in it does not own it.
 */
export async function openShell(
  ports: Pick<JobPorts, 'incus' | 'localFiles'>,
  settings: Pick<JobSettings, 'stateRoot' | 'incusProject'>,
  job: { readonly runId: string; readonly jobId: string },
  call: ShellCall,
): Promise<Result<GuestShell, JobFault>> {
  const { incus, localFiles } = ports;
  const fault = (kind: JobFault['kind'], message: string): JobFault => ({
    kind,
    phase: null,
    host: incus.host,
    message,
  });
  const bad = [runIdSchema.safeParse(job.runId), jobIdSchema.safeParse(job.jobId)].find((id) => !id.success);
  if (bad !== undefined)
    return err(fault('invalid_job', bad.error?.issues[0]?.message ?? 'that is not an id'));
  const state = jobStateLayout(settings.stateRoot, job.runId, job.jobId);
  const record = await loadJobRecord(localFiles, state, call.signal);
  if (record.isErr()) return err(record.error);
  const { instance_name: name, incus_project: project, job_spec: spec } = record.value;
  if (name === null) return err(fault('backend_unavailable', 'only machines of Incus have a shell to open'));
  const options = call.signal === undefined ? {} : { signal: call.signal };
  const at = project ?? settings.incusProject;
  const found = await incus.instance(at, name, options);
  if (found.isErr()) {
    const { kind, message } = found.error;
    const gone = `the machine ${name} of this job is gone; "pikaci run --keep-on-failure" keeps that of a job that fails`;
    return err({ ...fault('guest', kind === 'not_found' ? gone : message), cause: found.error });
  }
  // The name follows from the ids; that it is pikaci's, and this job's, is what its lease says.
  const lease = readLease(found.value.value.config);
  if (lease?.runId !== job.runId || lease.jobId !== job.jobId)
    return err(fault('guest', `the instance ${name} is not the machine of this job`));
  const root = spec['runAsRoot'] === true;
  const user = typeof spec['user'] === 'string' ? spec['user'] : undefined;
  const opened = await incus.exec(
    at,
    name,
    {
      command: LOGIN_SHELL,
      environment: { TERM: call.term ?? 'xterm', HOME: guestHomeDir({ runAsRoot: root, user }) },
      cwd: GUEST_WORKSPACE_DIR,
      user: root ? 0 : GUEST_USER_ID,
      group: root ? 0 : GUEST_USER_ID,
      stdin: 'open',
      terminal: { columns: call.columns, rows: call.rows },
    },
    options,
  );
  if (opened.isOk()) return ok(opened.value);
  return err({ ...fault('guest', `no shell in ${name}: ${opened.error.message}`), cause: opened.error });
}
