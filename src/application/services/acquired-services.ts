import type { ServiceMachine } from './service-machine.js';

/** Machines that nothing runs in yet. */
export class AcquiredServices implements AsyncDisposable {
  readonly machines: readonly ServiceMachine[];
  readonly #renewers: readonly AsyncDisposable[];

  constructor(machines: readonly ServiceMachine[], renewers: readonly AsyncDisposable[]) {
    this.machines = machines;
    this.#renewers = renewers;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#renewers.map((one) => one[Symbol.asyncDispose]()));
  }
}
