import type { JobServicesRecord, ServiceReport } from '../../domain/job/service-record.js';
import { serviceMachineId } from './service-machine.js';
import type { ServedJob } from './service-parts.js';
import type { ServiceRun } from './service-run.js';
import type { MachineGroup } from './with-services.js';

/** The services of a job while this runner has it. */
export class LiveServices {
  readonly #job: ServedJob;
  readonly #group: MachineGroup;
  readonly #runs: readonly ServiceRun[];
  #isOver = false;

  constructor(job: ServedJob, group: MachineGroup, runs: readonly ServiceRun[]) {
    this.#job = job;
    this.#group = group;
    this.#runs = runs;
    for (const run of runs) void run.ended.then((message) => this.#tellEnd(run, message));
  }

  /** For whoever takes the job up. */
  get record(): JobServicesRecord {
    const { network, services } = this.#group;
    return {
      network: { name: network?.name ?? '', own: network?.own ?? false },
      machines: services.map(({ name, machine }) => ({
        name,
        machine_id: serviceMachineId(this.#job.machineId, name),
        instance_name: machine.name,
        acquisition: machine.acquisition,
        ready_ms: this.#runs.find((run) => run.name === name)?.readyMs ?? null,
      })),
    };
  }

  /** One that ended in the last moment of the job may be why that did: it is heard of before it is reported. */
  async heard(): Promise<void> {
    await Promise.all(this.#runs.map((run) => run.heard()));
  }

  report(): ServiceReport[] {
    return this.#runs.map((run) => run.report());
  }

  /** Follows them no more: they go with their job, or are left with it. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#runs.map((run) => run.stop()));
  }

  #tellEnd(run: ServiceRun, message: string): void {
    if (this.#isOver) return;
    const { exit_code } = run.report();
    this.#job.emit({ type: 'service_ended', service: run.name, exit_code, message });
    this.#job.warn(`the service ${run.name} has ended before its job: ${message}`);
    // Of one that was never ready, whoever waits for it says what it said last.
    if (run.readyMs === null) return;
    for (const line of run.lastLines) this.#job.warn(`${run.name} | ${line}`);
  }
}
