/** One thing that was looked at; of `registry` and `member` there may be several. `remedy` says what to do when it is not `ok`. */
export interface DoctorCheck {
  readonly name:
    | 'connection'
    | 'work_dir'
    | 'mounts'
    | 'network'
    | 'names'
    | 'tls'
    | 'registry'
    | 'machine'
    | 'incus'
    | 'member'
    | 'project'
    | 'profile'
    | 'image'
    | 'storage_pool'
    | 'warm_pool'
    | 'microvm_host'
    | 'microvm_runner'
    | 'clock'
    | 'runner'
    | 'state_root';
  readonly status: 'ok' | 'warning' | 'failed' | 'skipped';
  readonly detail: string;
  readonly remedy: string | null;
}

/** What the doctor found on a host, check by check in the order in which they were made. */
export interface DoctorReport {
  readonly host: string;
  /** False when any check failed. */
  readonly ok: boolean;
  readonly checks: readonly DoctorCheck[];
}
