import { err, ok, type Result } from 'neverthrow';
import { NO_ARTIFACTS } from '../../domain/job/artifact.js';
import type { JobRecord } from '../../domain/job/job-record.js';
import { attemptsOf } from '../../domain/job/job-retry.js';
import type { FileStore } from '../../ports/file-store.js';
import type { JobFault } from '../faults/job-fault.js';
import { localFilesFault } from '../faults/port-faults.js';
import { readPosition } from '../log/guest-log.js';
import type { Machine } from '../machine/machine-backend.js';
import { releaseMachine } from '../machine/release-machine.js';
import type { JobPorts } from '../settings/job-ports.js';
import type { JobRun } from './job-call.js';
import { saveJobRecord, withOutcome } from './job-record-file.js';
import type { JobSession } from './job-session.js';
import { outcomeOf, recordedEnd } from './outcome-of.js';
import { StepTracker } from './step-tracker.js';

/** What was kept of the log before: nobody can read it again, so all of it stays, also what came after its last position. */
async function keptBytes(files: FileStore, { state }: JobSession) {
  const [log, position] = await Promise.all([files.stat(state.guestLog), readPosition(files, state)]);
  const keptLogBytes = log.isOk() ? log.value.size : 0;
  const after = keptLogBytes - position.kept_bytes;
  const logCut = position.cut === true;
  return { logBytes: after < 0 ? keptLogBytes : position.guest_bytes + after, keptLogBytes, logCut };
}

/** The machine went away with its job, or never had it: that is the result, and it is recorded. An end that an earlier runner has seen stands. */
export async function reportLost(
  { localFiles, hostFiles, clock }: Pick<JobPorts, 'localFiles' | 'hostFiles' | 'clock'>,
  {
    session,
    record,
    machine,
    isOurs,
    message: why,
  }: {
    readonly session: JobSession;
    readonly record: JobRecord;
    readonly machine: Machine;
    readonly isOurs: () => Promise<boolean>;
    /** Why there is no result. */
    readonly message: string;
  },
): Promise<Result<JobRun, JobFault>> {
  const { job, state } = session;
  const { stepsFile } = state;
  const steps = await StepTracker.open({
    steps: job.steps,
    journal: session,
    files: localFiles,
    clock,
    stepsFile,
    isOurs,
  });
  const artifacts = { ...NO_ARTIFACTS, incomplete: why };
  const outcome =
    record.ended === undefined
      ? outcomeOf({
          session,
          end: { kind: 'lost', message: why },
          finishedAtMs: clock.now(),
          ...(await keptBytes(localFiles, session)),
          artifacts,
          image: record.incus_image,
          acquired: record.acquired,
          attempts: attemptsOf(record.attempt ?? 1, record.earlier_attempts ?? []),
          steps: await steps?.finish([], 'lost'),
        })
      : recordedEnd(record.ended, { session, artifacts });
  // What came before the runner was gone is in no record.
  if (await isOurs()) {
    const emptied = await localFiles.remove(state.artifactsDir, { recursive: true });
    if (emptied.isErr()) session.warn(emptied.error.message);
  }
  const saved = await saveJobRecord(localFiles, session.state, withOutcome(record, outcome));
  if (saved.isErr()) return err(localFilesFault(saved.error, null));
  const { status, cause, exit_code, message } = outcome;
  session.emit({ type: 'job_finished', status, cause, exit_code, message, duration_ms: 0 });
  // What is left of it is its directory.
  const cleanUp = releaseMachine(machine, hostFiles, session);
  return ok({ runId: session.runId, outcome, state: session.state, cleanUp });
}
