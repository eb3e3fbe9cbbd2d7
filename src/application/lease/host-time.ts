import { err, ok, type Result } from 'neverthrow';
import type { Clock } from '../../ports/clock.js';
import type { JobFault } from '../faults/job-fault.js';

/**
 * The host's clock, by which leases end. Once it is known, it goes on by a time of this machine that never jumps: somebody may set the clock
 * here at any moment. Until it can be had, this machine's clock stands in.
 */
export class HostTime {
  readonly #ask: (signal: AbortSignal) => Promise<Result<number | null, JobFault>>;
  readonly #clock: Clock;
  /** What the host's clock said when the time that never jumps was 0. */
  #start: number | null = null;

  constructor(ask: (signal: AbortSignal) => Promise<Result<number | null, JobFault>>, clock: Clock) {
    this.#ask = ask;
    this.#clock = clock;
  }

  /** Asks the host, each time: either clock may have been set since. A failure leaves what was known. */
  async learn(signal: AbortSignal): Promise<Result<void, JobFault>> {
    const told = await this.#ask(signal);
    if (told.isErr()) return err(told.error);
    if (told.value !== null) this.#start = told.value - this.#clock.monotonic();
    return ok(undefined);
  }

  /** Milliseconds since the epoch, on the host. */
  now(): number {
    return this.#start === null ? this.#clock.now() : this.#clock.monotonic() + this.#start;
  }

  /** The same, asked anew where the host answers: this machine may have slept, and its time with it. */
  async fresh(signal: AbortSignal): Promise<number> {
    await this.learn(signal);
    return this.now();
  }
}
