import type { Clock } from '../ports/clock.js';
import type { IncusApi } from '../ports/incus-api.js';

/**
 * The host's clock, by which leases end. Read once from the daemon's answers; where it cannot be had, this machine's clock
 * stands in.
 */
export class HostTime {
  readonly #incus: IncusApi;
  readonly #clock: Clock;
  #offset: Promise<number> | null = null;
  #known = 0;

  constructor(incus: IncusApi, clock: Clock) {
    this.#incus = incus;
    this.#clock = clock;
  }

  /** Asks the daemon unless it has been asked. A failure is not kept: the next call asks again. */
  async learn(signal: AbortSignal): Promise<void> {
    this.#offset ??= this.#ask(signal);
    this.#known = await this.#offset;
  }

  /** Milliseconds since the epoch, on the host. */
  now(): number {
    return this.#clock.now() + this.#known;
  }

  async #ask(signal: AbortSignal): Promise<number> {
    const server = await this.#incus.server({ signal });
    if (server.isErr()) this.#offset = null;
    return server.isOk() && server.value.hostTimeMs !== null
      ? server.value.hostTimeMs - this.#clock.now()
      : 0;
  }
}
