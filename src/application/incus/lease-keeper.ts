import { randomBytes } from 'node:crypto';
import { err, ok, type Result } from 'neverthrow';
import { type Lease, leaseConfig, readLease } from '../../domain/lease.js';
import type { Clock } from '../../ports/clock.js';
import type { IncusApi } from '../../ports/incus-api.js';
import type { IncusFault } from '../../ports/incus-fault.js';

const RACES = 5;

export type LeaseFault =
  | { readonly kind: 'superseded'; readonly message: string }
  | { readonly kind: 'incus'; readonly fault: IncusFault };

export function newOwner(): string {
  return randomBytes(16).toString('hex');
}

export interface LeasedInstance {
  readonly incus: IncusApi;
  readonly project: string;
  readonly name: string;
}

/**
 * Writes a lease with `If-Match`, so that of two writers one learns that it lost. `expected` is the owner who may be
 * replaced; null for whoever it is, but a reaper that has claimed the instance is never overruled.
 */
export async function writeLease(
  { incus, project, name }: LeasedInstance,
  lease: Pick<Lease, 'owner' | 'expiresAtMs'>,
  expected: string | null,
  signal: AbortSignal,
): Promise<Result<void, LeaseFault>> {
  for (let race = 0; ; race++) {
    const found = await incus.instance(project, name, { signal });
    if (found.isErr()) return err({ kind: 'incus', fault: found.error });
    const current = readLease(found.value.value.config);
    if (current === null)
      return err({ kind: 'superseded', message: `${name} is not an instance of pikaci's` });
    if (expected !== null && current.owner !== expected) {
      return err({ kind: 'superseded', message: `somebody else looks after ${name} now` });
    }
    if (isReaper(current.owner) && current.owner !== lease.owner) {
      return err({
        kind: 'superseded',
        message: `a reaper is deleting ${name}, because its lease had ended`,
      });
    }
    const patch = leaseConfig({ ...current, ...lease });
    const written = await incus.patchInstance(project, name, patch, { etag: found.value.etag, signal });
    if (written.isOk()) return ok(undefined);
    if (written.error.kind !== 'stale' || race >= RACES) return err({ kind: 'incus', fault: written.error });
  }
}

const REAPER = 'reaper-';
export const newReaper = () => `${REAPER}${newOwner()}`;
export const isReaper = (owner: string) => owner.startsWith(REAPER);

export interface LeaseKeeperInput {
  readonly instance: LeasedInstance;
  readonly clock: Clock;
  readonly owner: string;
  readonly leaseMs: number;
  /** The host's time, ms since the epoch. */
  readonly hostNow: () => number;
  readonly onSuperseded: (message: string) => void;
}

/** Renews a lease every third of it until closed. A renewal that fails is tried again; losing the lease ends it. */
export class LeaseKeeper implements AsyncDisposable {
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  constructor(input: LeaseKeeperInput) {
    this.#running = this.#run(input);
  }

  async #run(input: LeaseKeeperInput): Promise<void> {
    const { signal } = this.#stop;
    let pause = input.leaseMs / 3;
    while ((await input.clock.sleep(pause, signal)) === 'elapsed') {
      const bound = AbortSignal.any([
        signal,
        AbortSignal.timeout(Math.max(1000, Math.ceil(input.leaseMs / 3))),
      ]);
      const lease = { owner: input.owner, expiresAtMs: input.hostNow() + input.leaseMs };
      const renewed = await writeLease(input.instance, lease, input.owner, bound);
      if (renewed.isErr() && renewed.error.kind === 'superseded')
        return input.onSuperseded(renewed.error.message);
      pause = renewed.isOk() ? input.leaseMs / 3 : input.leaseMs / 10;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }
}
