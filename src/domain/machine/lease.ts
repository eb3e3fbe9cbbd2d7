/**
 * An instance's lease, kept on the instance itself in `user.pikaci.*`: Incus has no time-to-live of its own. Times are
 * the host's, in ms since the epoch, so that two runners need not agree on the time.
 */
export interface Lease {
  readonly runId: string;
  readonly jobId: string;
  /** A random token of whoever looks after the instance; another token means that somebody else does now. */
  readonly owner: string;
  readonly expiresAtMs: number;
}

const RUN = 'user.pikaci.run';
const JOB = 'user.pikaci.job';
const OWNER = 'user.pikaci.owner';
const EXPIRES = 'user.pikaci.lease_expires_at_ms';

/** Filter for the API's instance list: all that pikaci made carry this key. */
export const LEASE_KEY = EXPIRES;

export function leaseConfig(lease: Lease): Record<string, string> {
  return {
    [RUN]: lease.runId,
    [JOB]: lease.jobId,
    [OWNER]: lease.owner,
    [EXPIRES]: String(Math.round(lease.expiresAtMs)),
  };
}

/** Null when the instance is not one of pikaci's. A lease that cannot be read counts as one that has ended long ago. */
export function readLease(config: Readonly<Record<string, string>>): Lease | null {
  const expires = config[EXPIRES];
  if (expires === undefined) return null;
  const expiresAtMs = Number(expires);
  return {
    runId: config[RUN] ?? '',
    jobId: config[JOB] ?? '',
    owner: config[OWNER] ?? '',
    expiresAtMs: Number.isFinite(expiresAtMs) ? expiresAtMs : 0,
  };
}

export function leaseHasEnded(lease: Lease, hostNowMs: number): boolean {
  return lease.expiresAtMs <= hostNowMs;
}
