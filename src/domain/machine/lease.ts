import type { Acquisition } from './acquisition.js';

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
  /** Of the machine that has the lease; an owner comes and goes, and this stays. */
  readonly acquisition: Acquisition;
}

const RUN = 'user.pikaci.run';
const JOB = 'user.pikaci.job';
const OWNER = 'user.pikaci.owner';
const ACQUISITION = 'user.pikaci.acquisition';
const EXPIRES = 'user.pikaci.lease_expires_at_ms';

/** Filter for the API's instance list: all that pikaci made carry this key. */
export const LEASE_KEY = EXPIRES;

/** The keys that a lease is written as. An acquisition is written once, when the instance is made. */
export function leaseConfig(lease: Omit<Lease, 'acquisition'>): Record<string, string> {
  return {
    [RUN]: lease.runId,
    [JOB]: lease.jobId,
    [OWNER]: lease.owner,
    [EXPIRES]: String(Math.round(lease.expiresAtMs)),
  };
}

/** The change that takes all of a lease away. */
export function withoutLease(): Record<string, null> {
  return { [RUN]: null, [JOB]: null, [OWNER]: null, [ACQUISITION]: null, [EXPIRES]: null };
}

/** With the acquisition, for an instance that is being made. Not as its `volatile.uuid`: a restricted project forbids to set that. */
export function newLeaseConfig(lease: Lease): Record<string, string> {
  const { acquisition } = lease;
  return { ...leaseConfig(lease), ...(acquisition === null ? {} : { [ACQUISITION]: acquisition }) };
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
    acquisition: config[ACQUISITION] ?? null,
  };
}

export function leaseHasEnded(lease: Pick<Lease, 'expiresAtMs'>, hostNowMs: number): boolean {
  return lease.expiresAtMs <= hostNowMs;
}
