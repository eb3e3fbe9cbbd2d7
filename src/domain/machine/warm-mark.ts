import { sha256Hex } from '../values/content-hash.js';

/** On an instance that waits: which pool it is of. Whoever claims it takes the key away in the change that gives it another lease. */
export const POOL_KEY = 'user.pikaci.pool';

/** What makes machines those of one pool. */
export interface PoolIdentity {
  readonly profile: string;
  readonly imageAlias: string;
  readonly instanceType: string;
}

export function poolName({ profile, imageAlias, instanceType }: PoolIdentity): string {
  return sha256Hex(JSON.stringify(['pikaci-pool-1', profile, imageAlias, instanceType])).slice(0, 16);
}

/** Under which ids a machine waits; `random` are hex digits. */
export function waitingPlace(
  pool: string,
  random: string,
): { readonly runId: string; readonly jobId: string } {
  return { runId: `pool-${pool}-${random}`, jobId: 'waiting' };
}

/** Null when the instance does not wait in a pool. */
export function readPool(config: Readonly<Record<string, string>>): string | null {
  const pool = config[POOL_KEY];
  return pool === undefined || pool === '' ? null : pool;
}
