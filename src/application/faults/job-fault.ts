import type { JobAttempt } from '../../domain/job/job-retry.js';
import type { Phase } from '../../domain/machine/phase.js';
import type { PayloadMountFault } from '../../domain/mounts/payload-mount-rules.js';
import type { FileFault } from '../../ports/file-store.js';
import type { IncusFault } from '../../ports/incus-fault.js';
import type { ShellFault } from '../../ports/remote-shell.js';
import type { ScanFault } from '../../ports/workspace-scanner.js';

/** What lies behind a fault, as the port that met it reported it. */
export type FaultCause = ShellFault | IncusFault | FileFault | ScanFault | PayloadMountFault;

/**
 * System failure: the job itself has no result. `message` says what was tried, where, and what to do next.
 * - `invalid_job`: the job, run id or workspace that the caller handed in; `field` is the path of the value.
 * - `invalid_plan`: the target is not known, or its nodes depend on what is not there or on each other.
 * - `invalid_placement`: what a caller's own placement answered is no list of members that the job may run on, or it did not answer.
 * - `not_trusted`: a run that is not trusted asked for what it may not have, or the host would not keep it to itself; `field` says what.
 * - `prepare_failed`: a prepare node did not make its output.
 * - `template_failed`: a template could not be made: its setup failed, or something else has its name.
 * - `no_such_template`: the host has no such template, or several.
 * - `template_in_use`: somebody uses the template, or did a short time ago.
 * - `template_refused`: the file that was to be imported is no template, or none that this host can run.
 * - `no_such_cache`: the host has no such cache, or several.
 * - `cache_in_use`: somebody uses the cache, or did a short time ago.
 * - `run_exists`: state of this run and job is there already.
 * - `no_such_job`: there is no record to attach to.
 * - `backend_unavailable`: the context's backend cannot do what was asked for.
 * - `host`: the host could not be reached, refused, or its key was refused.
 * - `host_files`: the work directory or a file in it could not be used.
 * - `local_files`: the state root could not be used.
 * - `workspace`: the workspace could not be read.
 * - `snapshot_refused`: what is staged under the hash has no marker, or another one.
 * - `manifest_missing`, `manifest_invalid`: a prepared output's payload manifest.
 * - `payload_refused`: a declared mount breaks a rule, or a link leads out of its output root.
 * - `image_not_found`, `project_not_found`, `profile_not_found`: named by the configuration, not on the host.
 * - `incus`: the daemon refused or failed otherwise.
 * - `runner_missing`: the host has no microVM runner where the configuration names it.
 * - `runner_refused`: what is kept of a built runner is not what its name says.
 * - `share_failed`: a directory could not be given to a microVM, or its share daemon failed.
 * - `boot_failed`: a microVM ended before its supervisor ran; the message has the end of its console.
 * - `boot_timed_out`: the supervisor of a microVM did not start in time.
 * - `microvm`: the host's part of the microVM backend failed otherwise.
 * - `guest`: the machine started but its supervisor did not.
 * - `job_in_use`: a live runner writes this job's state; the two would mix their bytes.
 * - `config_mismatch`: the job was started with another backend or work directory than the configuration names.
 * - `superseded`: somebody else has taken up this job; this caller no longer owns it.
 * - `cancelled`: the caller's signal fired before there was a job to cancel.
 */
export interface JobFault {
  readonly kind:
    | 'invalid_job'
    | 'invalid_plan'
    | 'invalid_placement'
    | 'not_trusted'
    | 'prepare_failed'
    | 'template_failed'
    | 'no_such_template'
    | 'template_in_use'
    | 'template_refused'
    | 'no_such_cache'
    | 'cache_in_use'
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
    | 'runner_missing'
    | 'runner_refused'
    | 'share_failed'
    | 'boot_failed'
    | 'boot_timed_out'
    | 'microvm'
    | 'guest'
    | 'job_in_use'
    | 'config_mismatch'
    | 'superseded'
    | 'cancelled';
  readonly phase: Phase | null;
  readonly host: string;
  readonly message: string;
  /** Path of the offending value, for faults in what was handed in. */
  readonly field?: string;
  readonly cause?: FaultCause;
  /** Attempts at the job before the one that has no result. */
  readonly earlierAttempts?: readonly JobAttempt[];
}

/** Unreachable, somebody else's now, or not to be kept here (a full disk): the job may go on, and attach takes it up. */
export function jobMayStillRun(fault: JobFault): boolean {
  return fault.kind === 'host' || fault.kind === 'superseded' || fault.kind === 'local_files';
}
