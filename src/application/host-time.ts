import { err, ok, type Result } from 'neverthrow';
import type { Clock } from '../ports/clock.js';
import type { IncusApi } from '../ports/incus-api.js';
import type { IncusFault } from '../ports/incus-fault.js';

/**
 * The host's clock, by which leases end. Read from the daemon's answers; until it can be had, this machine's clock stands
 * in.
 */
export class HostTime {
  readonly #incus: IncusApi;
  readonly #clock: Clock;
  #offset = 0;

  constructor(incus: IncusApi, clock: Clock) {
    this.#incus = incus;
    this.#clock = clock;
  }

  /** Asks the daemon, each time: either clock may have been set since. A failure leaves what was known. */
  async learn(signal: AbortSignal): Promise<Result<void, IncusFault>> {
    const server = await this.#incus.server({ signal });
    if (server.isErr()) return err(server.error);
    const { hostTimeMs } = server.value;
    if (hostTimeMs !== null) this.#offset = hostTimeMs - this.#clock.now();
    return ok(undefined);
  }

  /** Milliseconds since the epoch, on the host. */
  now(): number {
    return this.#clock.now() + this.#offset;
  }
}
