import { sha256Hex } from '../values/content-hash.js';

/** On an instance that waits: which pool it is of. Whoever claims it takes the key away in the change that gives it another lease. */
export const POOL_KEY = 'user.pikaci.pool';
/** On one that is a copy of a template: the instance that the template is, whose name follows from its key. */
export const POOL_TEMPLATE_KEY = 'user.pikaci.pool_template';

/** What makes machines those of one pool: a template by its name, or an image. */
export interface PoolIdentity {
  readonly profile: string;
  readonly imageAlias: string;
  readonly instanceType: string;
  readonly template: string | null;
}

export function poolName({ profile, imageAlias, instanceType, template }: PoolIdentity): string {
  const parts = template === null ? [imageAlias, instanceType] : ['', 'container', template];
  return sha256Hex(JSON.stringify(['pikaci-pool-1', profile, ...parts])).slice(0, 16);
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

/** The instance of the template that it is a copy of; null where it was made from an image. */
export function readPoolTemplate(config: Readonly<Record<string, string>>): string | null {
  return config[POOL_TEMPLATE_KEY] || null;
}
