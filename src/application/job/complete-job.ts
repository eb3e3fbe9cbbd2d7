import { err, ok, type Result } from 'neverthrow';
import { NO_ARTIFACTS } from '../../domain/job/artifact.js';
import type { JobOutcome } from '../../domain/job/job-outcome.js';
import type { JobRecord } from '../../domain/job/job-record.js';
import type { RemoteLinuxVmContext } from '../../domain/machine/remote-linux-vm-context.js';
import type { FileFault } from '../../ports/file-store.js';
import type { JobCallOptions } from '../api/pikaci.js';
import { collectArtifacts } from '../artifacts/collect-artifacts.js';
import type { JobSession } from '../events/job-session.js';
import { maskTexts } from '../events/masking-event-sink.js';
import type { JobFault } from '../faults/job-fault.js';
import { localFilesFault } from '../faults/port-faults.js';
import type { HostTime } from '../lease/host-time.js';
import { LeaseKeeper } from '../lease/lease-renewer.js';
import type { LeasePlace } from '../lease/lease-store.js';
import { writeLease } from '../lease/write-lease.js';
import { GuestLog } from '../log/guest-log.js';
import type { Backends } from '../machine/backends.js';
import { SecretMasker } from '../secrets/secret-masker.js';
import type { JobPorts } from '../settings/job-ports.js';
import type { JobSettings } from '../settings/job-settings.js';
import { awaitJob, type JobEnd } from '../step/await-step.js';
import type { FollowStream, Guest, GuestFault } from '../supervisor/guest.js';
import { saveJobRecord } from './job-record-file.js';
import { outcomeOf } from './outcome-of.js';

const LEASE_BOUND_MS = 15_000;
const COLLECT_BOUND_MS = 30 * 60_000;

export interface CompleteJobInput {
  readonly session: JobSession;
  readonly context: RemoteLinuxVmContext;
  readonly guest: Guest;
  readonly record: JobRecord;
  readonly owner: string;
  /** Fires when another runner has taken the job's state; its reason is the message. */
  readonly taken: AbortSignal;
  readonly first: FollowStream | undefined;
  readonly restart: (() => Promise<Result<FollowStream, GuestFault>>) | undefined;
  readonly options: JobCallOptions;
}

/** The second half of every job, whoever started it: follow, collect, record the outcome. The machine is the caller's to remove. */
export class CompleteJob {
  readonly #ports: JobPorts;
  readonly #settings: JobSettings;
  readonly #backends: Backends;
  readonly #hostTime: HostTime;

  constructor(ports: JobPorts, settings: JobSettings, backends: Backends, hostTime: HostTime) {
    this.#ports = ports;
    this.#settings = settings;
    this.#backends = backends;
    this.#hostTime = hostTime;
  }

  async complete(input: CompleteJobInput): Promise<Result<JobOutcome, JobFault>> {
    const { session } = input;
    const place = this.#backends.leasePlace(input.context);
    const superseded = new AbortController();
    await using keeper = new LeaseKeeper({
      place,
      clock: this.#ports.clock,
      owner: input.owner,
      leaseMs: this.#settings.leaseMs,
      hostNow: () => this.#hostTime.now(),
      onSuperseded: (message) => superseded.abort(message),
    });
    const opened = await GuestLog.open({
      files: this.#ports.localFiles,
      clock: this.#ports.clock,
      state: session.state,
      masker: new SecretMasker(session.secretValues),
      maxBytes: this.#settings.maxLogBytes,
      onKept: (data) => session.emitLog(data),
    });
    if (opened.isErr()) return err(localFilesFault(opened.error, 'wait_for_completion'));
    await using log = opened.value;

    const end = await session.during('wait_for_completion', async () => {
      const awaited = await awaitJob({
        session,
        guest: input.guest,
        log,
        clock: this.#ports.clock,
        reconnectMs: this.#settings.reconnectMs,
        first: input.first,
        restart: input.restart,
        onAbort: input.options.onAbort ?? 'cancel',
        signal: input.options.signal,
        superseded: AbortSignal.any([superseded.signal, input.taken]),
      });
      const kept = await leaveLog(log, awaited);
      return kept.isErr() ? err(localFilesFault(kept.error, 'wait_for_completion')) : awaited;
    });
    if (end.isErr()) return err(end.error);
    if (end.value.kind === 'detached') {
      await keeper[Symbol.asyncDispose]();
      await this.#leaveAlone(input, place);
    }
    // Awaited here: the lease has to be kept until the artifacts are collected.
    return await this.#report(input, end.value, log);
  }

  /** Nobody renews the lease of a job that was left on purpose: it holds for as long as the job may take, and one lease more. */
  async #leaveAlone({ session, owner }: CompleteJobInput, place: LeasePlace): Promise<void> {
    const jobMs = (session.job.timeoutSecs + session.job.graceSecs) * 1000;
    const lease = { owner, expiresAtMs: this.#hostTime.now() + jobMs + this.#settings.leaseMs };
    const written = await writeLease(place, lease, owner, AbortSignal.timeout(LEASE_BOUND_MS));
    if (written.isOk()) return;
    const { error } = written;
    const reason = error.kind === 'superseded' ? error.message : error.fault.message;
    session.emit({
      type: 'warning',
      message: `the lease could not be made longer for the job that is left: ${reason}`,
    });
  }

  async #report(input: CompleteJobInput, end: JobEnd, log: GuestLog): Promise<Result<JobOutcome, JobFault>> {
    const { session } = input;
    const collects = (end.kind === 'finished' || end.kind === 'lost') && session.job.artifacts.length > 0;
    const artifacts = collects ? await this.#collect(input) : NO_ARTIFACTS;
    const outcome = outcomeOf({
      session,
      end,
      finishedAtMs: this.#ports.clock.now(),
      logBytes: log.received,
      keptLogBytes: log.kept,
      artifacts,
      image: input.record.incus_image,
    });
    const masked = maskTexts(outcome, new SecretMasker(session.secretValues));
    const saved = await saveJobRecord(this.#ports.localFiles, session.state, {
      ...input.record,
      outcome: masked,
    });
    if (saved.isErr()) return err(localFilesFault(saved.error, null));
    session.emit({
      type: 'job_finished',
      status: masked.status,
      cause: masked.cause,
      exit_code: masked.exit_code,
      message: masked.message,
      duration_ms: Date.parse(masked.finished_at) - Date.parse(masked.started_at),
    });
    return ok(masked);
  }

  async #collect(input: CompleteJobInput) {
    const { session, options } = input;
    const bound = AbortSignal.timeout(COLLECT_BOUND_MS);
    const destroyed = options.onAbort === 'destroy' && options.signal !== undefined ? [options.signal] : [];
    const collected = await session.during('collect_artifacts', async () => {
      const report = await collectArtifacts(
        {
          guest: input.guest,
          files: this.#ports.localFiles,
          clock: this.#ports.clock,
          patterns: session.job.artifacts,
          caps: session.job.artifactCaps,
          destination: session.state.artifactsDir,
        },
        { signal: AbortSignal.any([bound, ...destroyed]) },
      );
      return report.incomplete === null ? ok(report) : err(report);
    });
    const artifacts = collected.isOk() ? collected.value : collected.error;
    session.emit({ type: 'artifacts_collected', artifacts });
    return artifacts;
  }
}

/**
 * What the masker holds back may be the beginning of a secret, so it is written only when nothing follows. Where the job
 * may be taken up, the position is saved instead; where that has happened, the log is another's already.
 */
async function leaveLog(log: GuestLog, awaited: Result<JobEnd, JobFault>): Promise<Result<void, FileFault>> {
  if (awaited.isErr()) return awaited.error.kind === 'superseded' ? ok(undefined) : log.pause();
  return awaited.value.kind === 'detached' ? log.pause() : log.finish();
}
