import type { Result } from 'neverthrow';
import type { JobFault } from '../../application/job-fault.js';
import type { JobRun } from '../../application/pikaci.js';
import type { PikaciEvent } from '../../domain/event.js';
import type { JobEnd } from './output/run-end.js';

/** How far each job of a run is, so that the end can be told at any moment. */
export class JobTracker {
  readonly #jobIds: readonly string[];
  readonly #started = new Set<string>();
  readonly #instances = new Map<string, string>();
  readonly #results = new Map<string, Result<JobRun, JobFault>>();

  /** In the order in which they are to be reported. */
  constructor(jobIds: readonly string[]) {
    this.#jobIds = jobIds;
  }

  observe(event: PikaciEvent): void {
    if (event.type === 'instance_created') this.#instances.set(event.job_id, event.instance);
  }

  started(jobId: string): void {
    this.#started.add(jobId);
  }

  ended(jobId: string, result: Result<JobRun, JobFault>): void {
    this.#results.set(jobId, result);
  }

  get running(): number {
    return this.#started.size - this.#results.size;
  }

  runs(): JobRun[] {
    return [...this.#results.values()].flatMap((result) => (result.isOk() ? [result.value] : []));
  }

  /** Jobs that still run count as left behind. */
  ends(): JobEnd[] {
    return this.#jobIds.map((jobId) => {
      const result = this.#results.get(jobId);
      const instance = this.#instances.get(jobId) ?? null;
      if (result === undefined) {
        return this.#started.has(jobId)
          ? { jobId, kind: 'abandoned', instance }
          : { jobId, kind: 'not_started' };
      }
      return result.isOk()
        ? { jobId, kind: 'ended', run: result.value }
        : { jobId, kind: 'faulted', fault: result.error, instance };
    });
  }
}
