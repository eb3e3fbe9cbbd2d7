import { err, ok, type Result } from 'neverthrow';
import type { JobRecord } from '../../domain/job/job-record.js';
import type { JobFault } from '../faults/job-fault.js';
import { localFilesFault } from '../faults/port-faults.js';
import type { Machine } from '../machine/machine-backend.js';
import { releaseMachine } from '../machine/release-machine.js';
import type { JobPorts } from '../settings/job-ports.js';
import type { JobRun } from './job-call.js';
import { saveJobRecord } from './job-record-file.js';
import type { JobSession } from './job-session.js';
import { outcomeOf } from './outcome-of.js';
import { StepTracker } from './step-tracker.js';

/** The machine went away with its job: that is the result, and it is recorded. */
export async function reportLost(
  { localFiles, hostFiles, clock }: Pick<JobPorts, 'localFiles' | 'hostFiles' | 'clock'>,
  {
    session,
    record,
    machine,
  }: {
    readonly session: JobSession;
    readonly record: JobRecord;
    readonly machine: Machine;
  },
): Promise<Result<JobRun, JobFault>> {
  const { job, state } = session;
  const { stepsFile } = state;
  const steps = await StepTracker.open({ steps: job.steps, journal: session, files: localFiles, stepsFile });
  const outcome = outcomeOf({
    session,
    end: { kind: 'lost', message: 'the machine is gone, and left no exit record' },
    finishedAtMs: clock.now(),
    logBytes: record.outcome?.log_bytes ?? 0,
    keptLogBytes: record.outcome?.kept_log_bytes ?? 0,
    artifacts: { collected: [], refused: [], refused_count: 0, incomplete: 'the machine is gone' },
    image: record.incus_image,
    steps: await steps?.finish([], 'lost'),
  });
  const saved = await saveJobRecord(localFiles, session.state, { ...record, outcome });
  if (saved.isErr()) return err(localFilesFault(saved.error, null));
  const { status, cause, exit_code, message } = outcome;
  session.emit({ type: 'job_finished', status, cause, exit_code, message, duration_ms: 0 });
  // What is left of it is its directory.
  const cleanUp = releaseMachine(machine, hostFiles, session);
  return ok({ runId: session.runId, outcome, state: session.state, cleanUp });
}
