import { err, ok, type Result } from 'neverthrow';
import { buildGuestRequest } from '../../domain/job/guest-request.js';
import type { JobOutcome } from '../../domain/job/job-outcome.js';
import type { JobRecord } from '../../domain/job/job-record.js';
import { type JobSpec, jobSpecSchema } from '../../domain/job/job-spec.js';
import {
  type RemoteLinuxVmContext,
  remoteLinuxVmContext,
} from '../../domain/machine/remote-linux-vm-context.js';
import { type JobStateLayout, jobStateLayout } from '../../domain/records/run-layout.js';
import { jobIdSchema, runIdSchema } from '../../domain/values/identifier.js';
import type { JobCallOptions, JobRun } from '../api/pikaci.js';
import { JobSession } from '../events/job-session.js';
import type { JobFault } from '../faults/job-fault.js';
import { localFilesFault } from '../faults/port-faults.js';
import type { HostTime } from '../lease/host-time.js';
import { newOwner } from '../lease/owner.js';
import { writeLease } from '../lease/write-lease.js';
import type { Backends } from '../machine/backends.js';
import { contextInput } from '../machine/context-input.js';
import type { JobPorts } from '../settings/job-ports.js';
import type { JobSettings } from '../settings/job-settings.js';
import type { Guest } from '../supervisor/guest.js';
import { cleanUpJob } from './clean-up-job.js';
import type { CompleteJob } from './complete-job.js';
import { JobLock } from './job-lock.js';
import { loadJobRecord, saveJobRecord } from './job-record-file.js';
import { outcomeOf } from './outcome-of.js';

const ASK_BOUND_MS = 60_000;

export interface AttachJobParts {
  readonly ports: JobPorts;
  readonly settings: JobSettings;
  readonly backends: Backends;
  readonly completeJob: CompleteJob;
  readonly hostTime: HostTime;
}

interface LoadedJob {
  readonly runId: string;
  readonly job: JobSpec;
  readonly state: JobStateLayout;
  readonly record: JobRecord;
  readonly context: RemoteLinuxVmContext;
  /** Null while there is something to take up. */
  readonly outcome: JobOutcome | null;
}

/** Takes up a job whose runner is gone. The lease changes hands first, so that no reaper and no second runner is in the way. */
export class AttachJob {
  readonly #parts: AttachJobParts;

  constructor(parts: AttachJobParts) {
    this.#parts = parts;
  }

  async attach(runId: string, jobId: string, options: JobCallOptions): Promise<Result<JobRun, JobFault>> {
    const { ports, settings, hostTime } = this.#parts;
    const ids = [runIdSchema.safeParse(runId), jobIdSchema.safeParse(jobId)];
    const badId = ids.find((id) => !id.success);
    if (badId !== undefined)
      return err(this.#fault('invalid_job', badId.error?.issues[0]?.message ?? 'is not an id'));
    const state = jobStateLayout(settings.stateRoot, runId, jobId);
    const before = await this.#load(runId, state, options.signal);
    if (before.isErr()) return err(before.error);
    if (before.value.outcome !== null) return ok(this.#reported(before.value, before.value.outcome));
    const untilLocked = options.signal ?? new AbortController().signal;
    const locked = await JobLock.take(ports, state.jobDir, untilLocked);
    if (locked.isErr()) return err(locked.error);
    await using lock = locked.value;
    // Whoever had the lock may have ended the job meanwhile.
    const loaded = await this.#load(runId, state, options.signal);
    if (loaded.isErr()) return err(loaded.error);
    const { record, job, context } = loaded.value;
    if (loaded.value.outcome !== null) return ok(this.#reported(loaded.value, loaded.value.outcome));
    const guest = this.#parts.backends.guest(context);

    const bound = AbortSignal.timeout(ASK_BOUND_MS);
    const signal = options.signal === undefined ? bound : AbortSignal.any([options.signal, bound]);
    await hostTime.learn(signal);
    const owner = newOwner();
    const taken = await this.#takeOver(context, { owner, recordedHost: record.host }, signal);
    if (taken.isErr()) return err(taken.error);
    const masks = taken.value === 'gone' ? ok({}) : await this.#secrets(guest, record, signal);
    if (masks.isErr()) return err(masks.error);
    const session = new JobSession({
      runId,
      job,
      state,
      secrets: Object.values(masks.value),
      localFiles: ports.localFiles,
      clock: ports.clock,
      events: options.events,
      startedAtMs: Date.parse(record.outcome?.started_at ?? record.created_at) || ports.clock.now(),
      earlier: record.outcome?.phases ?? [],
    });
    session.emit({ type: 'job_started', host: ports.shell.host, backend: settings.backend });
    if (taken.value === 'gone') return await this.#lost(session, record, context);
    return await this.#finish({
      session,
      context,
      guest,
      record,
      owner,
      taken: lock.lost,
      options,
    });
  }

  async #load(
    runId: string,
    state: JobStateLayout,
    signal: AbortSignal | undefined,
  ): Promise<Result<LoadedJob, JobFault>> {
    const loaded = await loadJobRecord(this.#parts.ports.localFiles, state, signal);
    if (loaded.isErr()) return err(loaded.error);
    const record = loaded.value;
    const job = jobSpecSchema.safeParse(record.job_spec);
    if (!job.success) return err(this.#fault('local_files', `${state.jobRecord}: job_spec cannot be read`));
    const context = this.#context(runId, job.data, record);
    const outcome = record.outcome?.status === 'detached' ? null : record.outcome;
    return ok({ runId, job: job.data, state, record, context, outcome });
  }

  /** The outcome stands. Its runner may have died before it removed the machine, so that is made sure of. */
  #reported({ runId, job, state, record, context }: LoadedJob, outcome: JobOutcome): JobRun {
    const { ports, backends } = this.#parts;
    const { localFiles, clock } = ports;
    const session = new JobSession({ runId, job, state, secrets: [], localFiles, clock, events: undefined });
    const kept = record.keep_on_failure === true && outcome.status === 'failed';
    const leave = kept || record.host !== ports.shell.host;
    const cleanUp = leave ? Promise.resolve(ok(undefined)) : cleanUpJob(ports, backends, context, session);
    return { runId, outcome, state, cleanUp };
  }

  async #finish(input: {
    readonly session: JobSession;
    readonly context: RemoteLinuxVmContext;
    readonly guest: Guest;
    readonly record: JobRecord;
    readonly owner: string;
    readonly taken: AbortSignal;
    readonly options: JobCallOptions;
  }): Promise<Result<JobRun, JobFault>> {
    const { ports, backends, completeJob } = this.#parts;
    const { session, record, guest } = input;
    // No bound: the signal of an exec ends it also when it has long begun.
    const restart = () =>
      guest.start(buildGuestRequest(session.job), {}, { signal: new AbortController().signal });
    const outcome = await completeJob.complete({
      ...input,
      first: undefined,
      // Secrets went with the runner that had them: a job that needs some and never began cannot be begun again.
      restart: record.secret_names.length === 0 ? restart : undefined,
    });
    if (outcome.isErr()) return err(outcome.error);
    const detached = outcome.value.status === 'detached';
    const cleanUp = detached
      ? session.hostLog.flushed().then(() => ok(undefined))
      : cleanUpJob(ports, backends, input.context, session);
    return ok({ runId: session.runId, outcome: outcome.value, state: session.state, cleanUp });
  }

  #context(runId: string, job: JobSpec, record: JobRecord): RemoteLinuxVmContext {
    const { settings, ports } = this.#parts;
    const place = contextInput(settings, ports.shell.host, { runId, job });
    const recorded =
      place.backend === 'incus' && record.incus_project !== null
        ? { ...place, incusProject: record.incus_project }
        : place;
    return remoteLinuxVmContext(
      record.snapshot_hash === null ? recorded : { ...recorded, snapshotHash: record.snapshot_hash },
    );
  }

  async #takeOver(
    context: RemoteLinuxVmContext,
    { owner, recordedHost }: { readonly owner: string; readonly recordedHost: string },
    signal: AbortSignal,
  ): Promise<Result<'ours' | 'gone', JobFault>> {
    const place = this.#parts.backends.leasePlace(context);
    const lease = { owner, expiresAtMs: this.#parts.hostTime.now() + this.#parts.settings.leaseMs };
    const written = await writeLease(place, lease, null, signal);
    if (written.isOk()) return ok('ours');
    if (written.error.kind === 'superseded') return err(this.#fault('superseded', written.error.message));
    if (written.error.kind !== 'not_found')
      return err({ ...written.error.fault, phase: 'wait_for_completion' });
    const { host } = this.#parts.ports.shell;
    if (recordedHost === host) return ok('gone');
    const message = `the job was started on ${recordedHost}, and ${host} does not have its machine`;
    const { cause } = written.error.fault;
    return err({ ...this.#fault('host', message), ...(cause === undefined ? {} : { cause }) });
  }

  /** What the log must be masked with. Without them nothing is followed: an unmasked log is worse than none. */
  async #secrets(
    guest: Guest,
    record: JobRecord,
    signal: AbortSignal,
  ): Promise<Result<Readonly<Record<string, string>>, JobFault>> {
    if (record.secret_names.length === 0) return ok({});
    const unknown = (why: string) =>
      this.#fault('guest', `the secrets to mask could not be had from ${guest.description}: ${why}`);
    const told = await guest.secrets({ signal });
    if (told.isErr()) return err(unknown(told.error.message));
    const missing = record.secret_names.find((name) => told.value[name] === undefined);
    return missing === undefined ? ok(told.value) : err(unknown(`it does not know ${missing}`));
  }

  /** The machine went away with its job: that is the result, and it is recorded. */
  async #lost(
    session: JobSession,
    record: JobRecord,
    context: RemoteLinuxVmContext,
  ): Promise<Result<JobRun, JobFault>> {
    const { ports } = this.#parts;
    const outcome: JobOutcome = outcomeOf({
      session,
      end: { kind: 'lost', message: 'the machine is gone, and left no exit record' },
      finishedAtMs: ports.clock.now(),
      logBytes: record.outcome?.log_bytes ?? 0,
      keptLogBytes: record.outcome?.kept_log_bytes ?? 0,
      artifacts: { collected: [], refused: [], refused_count: 0, incomplete: 'the machine is gone' },
      image: record.incus_image,
    });
    const saved = await saveJobRecord(ports.localFiles, session.state, { ...record, outcome });
    if (saved.isErr()) return err(localFilesFault(saved.error, null));
    const { status, cause, exit_code, message } = outcome;
    session.emit({ type: 'job_finished', status, cause, exit_code, message, duration_ms: 0 });
    // What is left of it is its directory.
    const cleanUp = cleanUpJob(ports, this.#parts.backends, context, session);
    return ok({ runId: session.runId, outcome, state: session.state, cleanUp });
  }

  #fault(kind: JobFault['kind'], message: string): JobFault {
    return { kind, phase: null, host: this.#parts.ports.shell.host, message };
  }
}
