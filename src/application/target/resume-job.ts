import { err, type Result } from 'neverthrow';
import { jobStateLayout } from '../../domain/records/run-layout.js';
import type { FileStore } from '../../ports/file-store.js';
import type { JobFault } from '../faults/job-fault.js';
import { localFilesFault } from '../faults/port-faults.js';
import type { AttachJob } from '../job/attach-job.js';
import type { JobRun } from '../job/job-call.js';
import type { RunAttempts, RunAttemptsCall } from '../job/run-attempts.js';
import type { RunRecorder } from './run-recorder.js';

export interface ResumeJobParts {
  readonly parts: { readonly runJob: Pick<RunAttempts, 'run'> };
  readonly attachJob: Pick<AttachJob, 'attach'>;
  readonly localFiles: FileStore;
  readonly stateRoot: string;
  readonly recorder: RunRecorder;
}

/** A job of a run that goes on: taken up where it has a machine, and run where it has none. */
export class ResumeJob {
  readonly #parts: ResumeJobParts;

  constructor(parts: ResumeJobParts) {
    this.#parts = parts;
  }

  async run(call: RunAttemptsCall): Promise<Result<JobRun, JobFault>> {
    const { parts, attachJob, localFiles, stateRoot, recorder } = this.#parts;
    const { runId = '', job } = call;
    const { jobDir } = jobStateLayout(stateRoot, runId, job.id);
    const recorded = recorder.record.jobs.find(({ id }) => id === job.id);
    const { attempt: known = 1, earlier_attempts: earlierAttempts = [] } = recorded ?? {};
    if ((await localFiles.lstat(jobDir)).isErr())
      return await parts.runJob.run({ ...call, jobAttempt: known, earlierAttempts });
    const { events, signal, hurry, onAbort, copies } = call;
    const taken = await attachJob.attach(runId, job.id, {
      ...(events === undefined ? {} : { events }),
      ...(signal === undefined ? {} : { signal }),
      ...(hurry === undefined ? {} : { hurry }),
      ...(onAbort === undefined ? {} : { onAbort }),
      ...(copies === undefined ? {} : { copies }),
    });
    if (taken.isOk()) return await parts.runJob.run({ ...call, begun: taken.value });
    if (taken.error.kind !== 'no_such_job') return err(taken.error);
    // It never began. What was made for it on the host, if anything, has its name: an attempt of another name is in nobody's way.
    // It is noted first: a runner that is killed in between has the next one take a number of its own.
    call.onAttempt?.(known + 1, earlierAttempts);
    await recorder.saved();
    const removed = await localFiles.remove(jobDir, { recursive: true });
    if (removed.isErr()) return err(localFilesFault(removed.error, null));
    return await parts.runJob.run({ ...call, jobAttempt: known + 1, earlierAttempts });
  }
}
