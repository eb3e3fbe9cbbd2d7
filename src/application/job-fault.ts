import type { PayloadMountFault } from '../domain/payload-mount-rules.js';
import type { Phase } from '../domain/phase.js';
import type { FileFault } from '../ports/file-store.js';
import type { IncusFault } from '../ports/incus-fault.js';
import type { ShellFault } from '../ports/remote-shell.js';
import type { ScanFault } from '../ports/workspace-scanner.js';

/** What lies behind a fault, as the port that met it reported it. */
export type FaultCause = ShellFault | IncusFault | FileFault | ScanFault | PayloadMountFault;

/**
 * The machinery failed; the job itself has no result. `message` says what was tried, where, and what to do next.
 * - `invalid_job`: the job, run id or workspace that the caller handed in; `field` is the path of the value.
 * - `invalid_plan`: the target is not known, or its nodes depend on what is not there or on each other.
 * - `prepare_failed`: a prepare node did not make its output.
 * - `run_exists`: state of this run and job is there already.
 * - `no_such_job`: there is no record to attach to.
 * - `backend_unavailable`: the context's backend is not part of this installation.
 * - `host`: the host could not be reached, refused, or its key was refused.
 * - `host_files`: the work directory or a file in it could not be used.
 * - `local_files`: the state root could not be used.
 * - `workspace`: the workspace could not be read.
 * - `snapshot_refused`: what is staged under the hash has no marker, or another one.
 * - `manifest_missing`, `manifest_invalid`: a prepared output's payload manifest.
 * - `payload_refused`: a declared mount breaks a rule, or a link leads out of its output root.
 * - `image_not_found`, `project_not_found`, `profile_not_found`: named by the configuration, not on the host.
 * - `incus`: the daemon refused or failed otherwise.
 * - `guest`: the machine started but its supervisor did not.
 * - `superseded`: somebody else has taken up this job; this caller no longer owns it.
 * - `cancelled`: the caller's signal fired before there was a job to cancel.
 */
export interface JobFault {
  readonly kind:
    | 'invalid_job'
    | 'invalid_plan'
    | 'prepare_failed'
    | 'run_exists'
    | 'no_such_job'
    | 'backend_unavailable'
    | 'host'
    | 'host_files'
    | 'local_files'
    | 'workspace'
    | 'snapshot_refused'
    | 'manifest_missing'
    | 'manifest_invalid'
    | 'payload_refused'
    | 'image_not_found'
    | 'project_not_found'
    | 'profile_not_found'
    | 'incus'
    | 'guest'
    | 'superseded'
    | 'cancelled';
  readonly phase: Phase | null;
  readonly host: string;
  readonly message: string;
  /** Path of the offending value, for faults in what was handed in. */
  readonly field?: string;
  readonly cause?: FaultCause;
}

/** Unreachable, somebody else's now, or not to be kept here (a full disk): the job may go on, and attach takes it up. */
export function leavesMachine(fault: JobFault): boolean {
  return fault.kind === 'host' || fault.kind === 'superseded' || fault.kind === 'local_files';
}
