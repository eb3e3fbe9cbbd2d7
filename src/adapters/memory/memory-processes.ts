import type { Processes, ProcessIdentity, ProcessState } from '../../ports/processes.js';

/** Processes of one machine that exist when a test says so. */
export class MemoryProcesses implements Processes {
  readonly #gone = new Set<string>();
  #self: ProcessIdentity = { hostname: 'memory', pid: 1, scope: 'memory', started: '0' };

  async self(): Promise<ProcessIdentity> {
    return this.#self;
  }

  async state({ scope, pid, started }: ProcessIdentity): Promise<ProcessState> {
    if (scope !== this.#self.scope || started === null) return 'unknown';
    const another = pid === this.#self.pid && started !== this.#self.started;
    return another || this.#gone.has(`${pid} ${started}`) ? 'gone' : 'alive';
  }

  /** From here on the code runs in another process; the one before has been killed, or is another machine's. */
  restart(how: 'killed' | 'elsewhere'): void {
    const before = this.#self;
    if (how === 'killed') this.#gone.add(`${before.pid} ${before.started}`);
    const scope = how === 'killed' ? before.scope : `${before.scope}'`;
    this.#self = { ...before, pid: before.pid + 1, scope };
  }
}
