import type { Result } from 'neverthrow';
import type { JobRun } from '../../../../src/application/api/pikaci.js';
import type { JobFault } from '../../../../src/application/faults/job-fault.js';
import type { JobScript, ScriptedJob } from '../scripted-pikaci.js';

type End = (job: ScriptedJob) => Result<JobRun, JobFault> | Promise<never>;

/** Jobs that begin as the plan has it, and go on when the test says so. */
export class HeldJobs {
  readonly #begun = new Map<string, (job: ScriptedJob) => void>();
  readonly #jobs = new Map<string, Promise<ScriptedJob>>();
  readonly #ends = new Map<string, (end: End) => void>();

  readonly script: JobScript = async (job) => {
    const end = new Promise<End>((resolve) => this.#ends.set(job.jobId, resolve));
    job.emit({ type: 'job_started', host: 'ci@box:22', backend: 'incus' });
    void this.job(job.jobId);
    this.#begun.get(job.jobId)?.(job);
    return (await end)(job);
  };

  /** The job, once it has begun. */
  job(id: string): Promise<ScriptedJob> {
    let job = this.#jobs.get(id);
    if (job === undefined) {
      job = new Promise((resolve) => this.#begun.set(id, resolve));
      this.#jobs.set(id, job);
    }
    return job;
  }

  async end(id: string, end: End = (job) => job.end({})): Promise<void> {
    await this.job(id);
    this.#ends.get(id)?.(end);
  }
}
