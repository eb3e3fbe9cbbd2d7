import { err, ok, type Result } from 'neverthrow';
import type { Clock } from '../../ports/clock.js';
import type { JobFault } from '../faults/job-fault.js';

/** The host's clock, by which leases end. Until it can be had, this machine's clock stands in. */
export class HostTime {
  readonly #ask: (signal: AbortSignal) => Promise<Result<number | null, JobFault>>;
  readonly #clock: Clock;
  #offset = 0;

  constructor(ask: (signal: AbortSignal) => Promise<Result<number | null, JobFault>>, clock: Clock) {
    this.#ask = ask;
    this.#clock = clock;
  }

  /** Asks the host, each time: either clock may have been set since. A failure leaves what was known. */
  async learn(signal: AbortSignal): Promise<Result<void, JobFault>> {
    const told = await this.#ask(signal);
    if (told.isErr()) return err(told.error);
    if (told.value !== null) this.#offset = told.value - this.#clock.now();
    return ok(undefined);
  }

  /** Milliseconds since the epoch, on the host. */
  now(): number {
    return this.#clock.now() + this.#offset;
  }
}
