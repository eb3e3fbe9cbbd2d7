import { err, ok, type Result } from 'neverthrow';
import { type ArtifactReport, NO_ARTIFACTS } from '../../domain/job/artifact.js';
import type { JobCacheReport } from '../../domain/job/cache-report.js';
import type { JobOutcome } from '../../domain/job/job-outcome.js';
import { attemptsOf } from '../../domain/job/job-retry.js';
import { collectedPatterns } from '../../domain/job/report-wishes.js';
import type { ServiceReport } from '../../domain/job/service-record.js';
import { maskTexts } from '../events/masking-event-sink.js';
import type { JobFault } from '../faults/job-fault.js';
import { localFilesFault } from '../faults/port-faults.js';
import type { GuestLog } from '../log/guest-log.js';
import type { JobPorts } from '../settings/job-ports.js';
import { collectJobArtifacts } from './collect-job-artifacts.js';
import { saveJobRecord, withOutcome } from './job-record-file.js';
import type { LiveJob } from './live-job.js';
import { type JobEnd, outcomeOf, recordedEnd } from './outcome-of.js';
import type { StepTracker } from './step-tracker.js';

type Ports = Pick<JobPorts, 'localFiles' | 'clock' | 'processes'>;

/** What was told of a job that has ended, and of its steps. */
export interface EndedJob {
  readonly log: Pick<GuestLog, 'received' | 'kept' | 'isCut'>;
  readonly steps: StepTracker | null;
  /** How long the host may be out of reach while artifacts are collected, in milliseconds. */
  readonly reconnectMs: number;
  /** Keeps what a job that has passed has left in its caches. */
  readonly saveCaches: (passed: boolean) => Promise<readonly JobCacheReport[]>;
}

/**
 * Collects, records the outcome and tells it. How the job ended is recorded before anything is collected, so that it is known
 * to whoever takes the job up when this runner is gone, even where the machine is gone by then.
 */
export async function reportEnd(
  ports: Ports,
  job: LiveJob,
  end: JobEnd,
  { log, steps, reconnectMs, saveCaches }: EndedJob,
): Promise<Result<JobOutcome, JobFault>> {
  const { session, record } = job;
  const endOfSteps = await steps?.finish(...lastOfSteps(end));
  const outcomeWith = (artifacts: ArtifactReport): JobOutcome => {
    // Another runner has seen the end that is not to be seen any more.
    if (end.kind === 'lost' && record.ended !== undefined)
      return recordedEnd(record.ended, { session, artifacts });
    const outcome = outcomeOf({
      session,
      end,
      finishedAtMs: ports.clock.now(),
      logBytes: log.received,
      keptLogBytes: log.kept,
      logCut: log.isCut,
      artifacts,
      image: record.incus_image,
      acquired: record.acquired,
      attempts: attemptsOf(record.attempt ?? 1, record.earlier_attempts ?? []),
      steps: endOfSteps,
    });
    return outcome;
  };
  // Whoever has the job now writes its state, and looks after its artifacts.
  if (!(await job.lock.isHeld())) return err(superseded(job));
  const { masker } = session;
  const collects =
    (end.kind === 'finished' || end.kind === 'lost') && collectedPatterns(session.job).length > 0;
  if (collects && end.kind === 'finished' && end.status.result !== null) {
    const ended = maskTexts(outcomeWith(NO_ARTIFACTS), masker);
    const saved = await saveJobRecord(ports.localFiles, session.state, { ...record, ended });
    if (saved.isErr()) session.warn(`how the job ended could not be recorded yet: ${saved.error.message}`);
  }
  for (const warning of (end.kind === 'finished' && end.status.result?.warnings) || []) session.warn(warning);
  const doubt = end.kind === 'finished' ? end.status.message : undefined;
  const collected = collects
    ? await collectJobArtifacts(ports, job, { doubt, reconnectMs })
    : ok({ artifacts: NO_ARTIFACTS, reported: {} });
  // Charged to nobody's job: the machine has them still, and whoever takes the job up collects again.
  if (collected.isErr()) return err(localFilesFault(collected.error, 'collect_artifacts'));
  const { artifacts, reported } = collected.value;
  const ended = outcomeWith(artifacts);
  // Of one that goes on there is nothing to save, and nothing to say.
  const caches = end.kind === 'detached' ? [] : await saveCaches(ended.status === 'passed');
  if (end.kind !== 'detached') await job.services?.heard();
  const services = job.services?.report();
  const found = {
    ...reported,
    ...(services === undefined ? {} : { services, message: withDeadServices(ended.message, services) }),
    ...(caches.length === 0 ? {} : { caches: [...caches] }),
  };
  const outcome = maskTexts({ ...ended, ...found }, masker);
  if (!(await job.lock.isHeld())) return err(superseded(job));
  const saved = await saveJobRecord(ports.localFiles, session.state, {
    ...withOutcome(record, outcome),
    ...(job.isRetried?.(outcome) === true
      ? { will_retry: true, retried_by: { ...(await ports.processes.self()) } }
      : {}),
  });
  if (saved.isErr()) return err(localFilesFault(saved.error, null));
  session.emit({
    type: 'job_finished',
    status: outcome.status,
    cause: outcome.cause,
    exit_code: outcome.exit_code,
    message: outcome.message,
    duration_ms: Date.parse(outcome.finished_at) - Date.parse(outcome.started_at),
  });
  return ok(outcome);
}

/** Somebody else has the job. */
export function superseded({ lock, machine }: Pick<LiveJob, 'lock' | 'machine'>): JobFault {
  const host = machine.context.shared.remoteHost;
  return { kind: 'superseded', phase: null, host, message: String(lock.lost.reason) };
}

/** What the end of a job says of its steps. */
function lastOfSteps(end: JobEnd): Parameters<StepTracker['finish']> {
  if (end.kind === 'cancelled') return [[], 'cancelled'];
  if (end.kind === 'detached') return [[], 'left'];
  const status = end.kind === 'finished' ? end.status : null;
  return [status?.steps ?? [], status?.result == null ? 'lost' : 'result'];
}

/** A service that was gone may be why the job ended as it did. */
function withDeadServices(message: string, services: readonly ServiceReport[]): string {
  const dead = services.filter(({ status }) => status === 'ended');
  const told = dead.map((one) => `the service ${one.name} had ended before (${one.message})`);
  return [message, ...told].filter((text) => text !== '').join('; ');
}
