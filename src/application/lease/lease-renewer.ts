import type { Clock } from '../../ports/clock.js';
import { awakeBound } from '../../streams/awake-timer.js';
import type { HostTime } from './host-time.js';
import type { LeaseStore } from './lease-store.js';
import { writeLease } from './write-lease.js';

export interface LeaseRenewerInput {
  readonly place: LeaseStore;
  readonly clock: Clock;
  readonly owner: string;
  readonly leaseMs: number;
  readonly hostTime: Pick<HostTime, 'fresh'>;
  readonly onSuperseded: (message: string) => void;
}

/** Renews a lease every third of it until closed. A renewal that fails is tried again; losing the lease ends it. */
export class LeaseRenewer implements AsyncDisposable {
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  constructor(input: LeaseRenewerInput) {
    this.#running = this.#run(input);
  }

  async #run(input: LeaseRenewerInput): Promise<void> {
    const { signal } = this.#stop;
    let pause = input.leaseMs / 3;
    while ((await input.clock.sleep(pause, signal)) === 'elapsed') {
      const bound = AbortSignal.any([signal, awakeBound(Math.max(1000, Math.ceil(input.leaseMs / 3)))]);
      const lease = { owner: input.owner, expiresAtMs: (await input.hostTime.fresh(bound)) + input.leaseMs };
      const renewed = await writeLease(input.place, lease, input.owner, bound);
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
