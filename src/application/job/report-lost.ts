import { err, ok, type Result } from 'neverthrow';
import { NO_ARTIFACTS } from '../../domain/job/artifact.js';
import type { JobRecord } from '../../domain/job/job-record.js';
import type { Clock } from '../../ports/clock.js';
import type { FileStore } from '../../ports/file-store.js';
import type { JobFault } from '../faults/job-fault.js';
import { localFilesFault } from '../faults/port-faults.js';
import { GuestLog } from '../log/guest-log.js';
import type { Machine } from '../machine/machine-backend.js';
import { releaseMachine } from '../machine/release-machine.js';
import type { JobPorts } from '../settings/job-ports.js';
import type { JobRun } from './job-call.js';
import { saveJobRecord, withOutcome } from './job-record-file.js';
import type { JobSession } from './job-session.js';
import { outcomeOf } from './outcome-of.js';
import { StepTracker } from './step-tracker.js';

/** What was kept of the log before. */
async function keptBytes(files: FileStore, clock: Clock, { state }: JobSession) {
  const maxBytes = Number.MAX_SAFE_INTEGER;
  const log = await GuestLog.open({ files, clock, state, secrets: [], maxBytes, onKept: () => {} });
  if (log.isErr()) return { logBytes: 0, keptLogBytes: 0 };
  await using kept = log.value;
  return { logBytes: kept.received, keptLogBytes: kept.kept };
}

/** The machine went away with its job, or never had it: that is the result, and it is recorded. An end that an earlier runner has seen stands. */
export async function reportLost(
  { localFiles, hostFiles, clock }: Pick<JobPorts, 'localFiles' | 'hostFiles' | 'clock'>,
  {
    session,
    record,
    machine,
    message: why,
  }: {
    readonly session: JobSession;
    readonly record: JobRecord;
    readonly machine: Machine;
    /** Why there is no result. */
    readonly message: string;
  },
): Promise<Result<JobRun, JobFault>> {
  const { job, state } = session;
  const { stepsFile } = state;
  const steps = await StepTracker.open({ steps: job.steps, journal: session, files: localFiles, stepsFile });
  const artifacts = { ...NO_ARTIFACTS, incomplete: why };
  const outcome =
    record.ended === undefined
      ? outcomeOf({
          session,
          end: { kind: 'lost', message: why },
          finishedAtMs: clock.now(),
          ...(await keptBytes(localFiles, clock, session)),
          artifacts,
          image: record.incus_image,
          steps: await steps?.finish([], 'lost'),
        })
      : { ...record.ended, artifacts };
  // What came before the runner was gone is in no record.
  const emptied = await localFiles.remove(state.artifactsDir, { recursive: true });
  if (emptied.isErr()) session.warn(emptied.error.message);
  const saved = await saveJobRecord(localFiles, session.state, withOutcome(record, outcome));
  if (saved.isErr()) return err(localFilesFault(saved.error, null));
  const { status, cause, exit_code, message } = outcome;
  session.emit({ type: 'job_finished', status, cause, exit_code, message, duration_ms: 0 });
  // What is left of it is its directory.
  const cleanUp = releaseMachine(machine, hostFiles, session);
  return ok({ runId: session.runId, outcome, state: session.state, cleanUp });
}
