import { err, ok, type Result } from 'neverthrow';
import { buildGuestRequest } from '../../domain/job/guest-request.js';
import type { JobOutcome } from '../../domain/job/job-outcome.js';
import type { JobRecord } from '../../domain/job/job-record.js';
import { withRecordedShell } from '../../domain/job/job-shells.js';
import { type JobSpec, jobSpecSchema } from '../../domain/job/job-spec.js';
import { withRunVariables } from '../../domain/job/run-variables.js';
import { withoutIdleUser } from '../../domain/machine/machine-options.js';
import { type JobStateLayout, jobStateLayout } from '../../domain/records/run-layout.js';
import { jobIdSchema, runIdSchema } from '../../domain/values/identifier.js';
import { awakeBound } from '../../streams/awake-timer.js';
import type { JobFault } from '../faults/job-fault.js';
import type { HostTime } from '../lease/host-time.js';
import { newOwner } from '../lease/owner.js';
import { writeLease } from '../lease/write-lease.js';
import { JobLock } from '../lock/job-lock.js';
import { anotherDaemon } from '../machine/another-daemon.js';
import type { Machine } from '../machine/machine-backend.js';
import type { MachineBackends } from '../machine/machine-backends.js';
import { releaseMachine } from '../machine/release-machine.js';
import type { JobServices } from '../services/job-services.js';
import type { JobPorts } from '../settings/job-ports.js';
import type { JobSettings } from '../settings/job-settings.js';
import { JobTrace } from '../trace/job-trace.js';
import type { CompleteJob } from './complete-job.js';
import { configMismatch } from './config-mismatch.js';
import { type FoundJob, findJob } from './find-job.js';
import { forgetJob } from './forget-job.js';
import type { JobRun } from './job-call.js';
import type { CopiedJobOptions } from './job-copies.js';
import { loadJobRecord } from './job-record-file.js';
import { JobSession } from './job-session.js';
import { keepUntil } from './keep-machine.js';
import type { LiveJob } from './live-job.js';
import { machineOfRecord } from './machine-of-record.js';
import { factsOf } from './new-job-record.js';
import { phasesBefore } from './phases-before.js';
import { forgetOnHost } from './record-on-host.js';
import { removeBegun } from './remove-begun.js';
import { reportLost } from './report-lost.js';
import { whyNoRecord } from './why-no-record.js';
import { whyNotOver } from './why-not-over.js';

const ASK_BOUND_MS = 60_000;

export interface AttachJobParts {
  readonly ports: JobPorts;
  readonly settings: Pick<JobSettings, 'stateRoot' | 'leaseMs'>;
  readonly backends: MachineBackends;
  readonly completeJob: CompleteJob;
  readonly jobServices: JobServices;
  readonly hostTime: HostTime;
  readonly keptJobs: {
    /** Brings back what a reaper has kept of a job whose machine is gone; null where nothing was. */
    ofMachine(
      record: JobRecord,
      signal: AbortSignal | undefined,
    ): Promise<Result<JobOutcome | null, JobFault>>;
  };
}

interface LoadedJob {
  readonly runId: string;
  readonly job: JobSpec;
  readonly state: JobStateLayout;
  readonly record: JobRecord;
  readonly machine: Machine;
  /** Null while there is something to take up. */
  readonly outcome: JobOutcome | null;
}

interface TakenJob {
  readonly loaded: LoadedJob;
  readonly found: FoundJob;
  readonly session: JobSession;
  /** Of its lease. */
  readonly owner: string;
}

/** Takes up a job whose runner is gone. The lease changes hands first, so that no reaper and no second runner is in the way. */
export class AttachJob {
  readonly #parts: AttachJobParts;

  constructor(parts: AttachJobParts) {
    this.#parts = parts;
  }

  async attach(runId: string, jobId: string, options: CopiedJobOptions): Promise<Result<JobRun, JobFault>> {
    const { ports, settings } = this.#parts;
    const ids = [runIdSchema.safeParse(runId), jobIdSchema.safeParse(jobId)];
    const badId = ids.find((id) => !id.success);
    if (badId !== undefined)
      return err(this.#fault('invalid_job', badId.error?.issues[0]?.message ?? 'is not an id'));
    const state = jobStateLayout(settings.stateRoot, runId, jobId);
    const before = await this.#load(runId, state, options.signal);
    if (before.isErr()) {
      if (before.error.kind !== 'no_such_job') return err(whileFinding(before.error, options.signal));
      const untilFree = options.signal ?? new AbortController().signal;
      const removed = await removeBegun(this.#parts, { runId, jobId, state }, untilFree);
      if (removed.isErr()) return err(whileFinding(removed.error, options.signal));
      const { localFiles: files, processes } = ports;
      const message = await whyNoRecord(
        { files, processes },
        { stateRoot: settings.stateRoot, runId, jobId },
      );
      return err({ ...before.error, message });
    }
    if (before.value.outcome !== null) return await this.#reported(before.value, before.value.outcome);
    const untilLocked = options.signal ?? new AbortController().signal;
    const locked = await JobLock.take(ports, state.jobDir, untilLocked);
    if (locked.isErr()) return err(whileFinding(locked.error, options.signal));
    await using lock = locked.value;
    // Whoever had the lock may have ended the job meanwhile.
    const loaded = await this.#load(runId, state, options.signal);
    if (loaded.isErr()) return err(whileFinding(loaded.error, options.signal));
    if (loaded.value.outcome !== null) return await this.#reported(loaded.value, loaded.value.outcome);
    return await this.#takeUp(loaded.value, lock, options);
  }

  async #load(
    runId: string,
    state: JobStateLayout,
    signal: AbortSignal | undefined,
  ): Promise<Result<LoadedJob, JobFault>> {
    const loaded = await loadJobRecord(this.#parts.ports.localFiles, state, signal);
    if (loaded.isErr()) return err(loaded.error);
    const record = loaded.value;
    const job = jobSpecSchema.safeParse(withRecordedShell(withoutIdleUser(record.job_spec)));
    if (!job.success) return err(this.#fault('local_files', `${state.jobRecord}: job_spec cannot be read`));
    const own = machineOfRecord(this.#parts.backends, { runId, jobId: job.data.id }, record);
    // All of them have one lease, and go together.
    const of = { runId, jobId: job.data.id, state, secrets: [], incusProject: record.incus_project };
    const machine = await this.#parts.jobServices.machineOf(of, own, record.services);
    const outcome = record.outcome?.status === 'detached' ? null : record.outcome;
    return ok({ runId, job: job.data, state, record, machine, outcome });
  }

  /** The outcome stands. Its runner may have died before it removed the machine, so that is made sure of. */
  async #reported(
    { runId, job, state, record, machine }: LoadedJob,
    outcome: JobOutcome,
  ): Promise<Result<JobRun, JobFault>> {
    const { localFiles, clock, hostFiles } = this.#parts.ports;
    const goesOn = await whyNotOver(this.#parts.ports, record, job);
    if (goesOn !== null) return err(goesOn);
    const session = new JobSession({ runId, job, state, secrets: [], localFiles, clock, events: undefined });
    const kept = record.keep_on_failure === true && outcome.status === 'failed';
    const elsewhere =
      record.host !== this.#parts.ports.shell.host || configMismatch(record, machine) !== null;
    const cleanUp = elsewhere
      ? Promise.resolve(ok(undefined))
      : kept
        ? this.#keep(record, machine, session)
        : releaseMachine(machine, hostFiles, session);
    return ok({ runId, outcome, state, cleanUp });
  }

  async #keep(
    { outcome, host, keep_on_failure_secs: secs = 0 }: JobRecord,
    machine: Machine,
    session: JobSession,
  ): Promise<Result<void, JobFault>> {
    const { hostTime, ports } = this.#parts;
    await forgetOnHost(ports.hostFiles, machine);
    await hostTime.learn(awakeBound(ASK_BOUND_MS));
    const ahead = hostTime.now() - ports.clock.now();
    const until = Date.parse(outcome?.finished_at ?? '') + ahead + secs * 1000;
    return await keepUntil({ place: machine.lease, host, session }, until);
  }

  async #takeUp(
    loaded: LoadedJob,
    lock: JobLock,
    options: CopiedJobOptions,
  ): Promise<Result<JobRun, JobFault>> {
    const { runId, job, state, record, machine } = loaded;
    const { ports, hostTime, keptJobs } = this.#parts;
    const mismatch = configMismatch(record, machine);
    if (mismatch !== null) return err(this.#fault('config_mismatch', mismatch));
    const bound = awakeBound(ASK_BOUND_MS);
    const signal = options.signal === undefined ? bound : AbortSignal.any([options.signal, bound]);
    await hostTime.learn(signal);
    const owner = newOwner();
    const taken = await this.#takeLease(machine, { owner, record }, signal);
    if (taken.isErr()) return err(whileFinding(taken.error, options.signal));
    const kept = taken.value === 'gone' ? await keptJobs.ofMachine(record, options.signal) : ok(null);
    if (kept.isErr()) return err(whileFinding(kept.error, options.signal));
    if (kept.value !== null) return await this.#reported(loaded, kept.value);
    const found = await findJob(
      { files: ports.localFiles, state, record, machine, isGone: taken.value === 'gone' },
      signal,
    );
    if (found.isErr()) return err(whileFinding(found.error, options.signal));
    const { tracer, clock } = ports;
    // It goes on with the trace that it is told of.
    const parent = record.traceparent === undefined ? {} : { parent: record.traceparent };
    const trace = new JobTrace({ tracer, runId, jobId: job.id, startMs: clock.now(), ...parent });
    const session = new JobSession({
      runId,
      job,
      state,
      secrets: Object.values(found.value.kind === 'there' ? found.value.masks : {}),
      localFiles: ports.localFiles,
      clock: ports.clock,
      events: options.events,
      attempt: record.attempt,
      trace,
      startedAtMs: Date.parse(record.outcome?.started_at ?? record.created_at) || ports.clock.now(),
      earlier: record.outcome?.phases ?? (await phasesBefore(ports.localFiles, state.hostLog, record)),
    });
    const ended = await this.#goOn({ loaded, found: found.value, session, owner }, lock, options);
    if (ended.isErr()) trace.faulted(ended.error, clock.now());
    return ended;
  }

  async #goOn(
    { loaded: { job, record, machine }, found, session, owner }: TakenJob,
    lock: JobLock,
    options: CopiedJobOptions,
  ): Promise<Result<JobRun, JobFault>> {
    const { ports } = this.#parts;
    if (found.kind === 'never_began') return err(await forgetJob(ports, { session, machine, lock }));
    session.emit({
      type: 'job_started',
      host: ports.shell.host,
      backend: this.#parts.backends.name,
      ...(record.attempt === undefined ? {} : { attempt: record.attempt }),
    });
    const isOurs = () => lock.isHeld();
    if (found.kind === 'lost')
      return await reportLost(ports, { session, record, machine, isOurs, message: found.message });
    const resumed = await this.#parts.jobServices.resume(session, record, isOurs);
    if (resumed.isErr()) return err(resumed.error);
    const { supervisor } = machine;
    // No bound: the signal of an exec ends it also when it has long begun.
    const start: LiveJob['start'] = (told) =>
      supervisor.start(
        buildGuestRequest(withRunVariables(job, factsOf(record))),
        {},
        { signal: new AbortController().signal, ...told },
      );
    return await this.#parts.completeJob.complete({
      session,
      machine,
      record,
      owner,
      settled: Promise.resolve(),
      lock,
      isNew: record.handed_over_at === null,
      ...(resumed.value === null ? {} : { services: resumed.value }),
      // Secrets went with the runner that had them: a job that needs some and never began cannot be begun again.
      start: record.secret_names.length === 0 ? start : null,
      options,
    });
  }

  async #takeLease(
    machine: Machine,
    { owner, record }: { readonly owner: string; readonly record: JobRecord },
    signal: AbortSignal,
  ): Promise<Result<'ours' | 'gone', JobFault>> {
    const lease = { owner, expiresAtMs: this.#parts.hostTime.now() + this.#parts.settings.leaseMs };
    const written = await writeLease(machine.lease, lease, null, signal);
    if (written.isOk()) return ok('ours');
    if (written.error.kind === 'superseded') return err(this.#fault('superseded', written.error.message));
    if (written.error.kind !== 'not_found')
      return err({ ...written.error.fault, phase: 'wait_for_completion' });
    const { host } = this.#parts.ports.shell;
    const elsewhere = anotherDaemon(record, this.#parts.backends.daemon);
    if (elsewhere !== null) return err(this.#fault('config_mismatch', `the machine of the job ${elsewhere}`));
    if (record.host === host) return ok('gone');
    const message = `the job was started on ${record.host}, and ${host} does not have its machine`;
    const { cause } = written.error.fault;
    return err({ ...this.#fault('host', message), ...(cause === undefined ? {} : { cause }) });
  }

  #fault(kind: JobFault['kind'], message: string): JobFault {
    return { kind, phase: null, host: this.#parts.ports.shell.host, message };
  }
}

/** What the caller's signal has broken off is cancelled, and what the bound of the asking has is not: in either case nothing was taken up. */
function whileFinding(fault: JobFault, signal: AbortSignal | undefined): JobFault {
  if (signal?.aborted !== true) {
    if (fault.kind !== 'cancelled') return fault;
    return { ...fault, kind: 'host', message: `no answer within ${ASK_BOUND_MS / 1000} s: ${fault.message}` };
  }
  const stands: readonly JobFault['kind'][] = ['superseded', 'job_in_use', 'config_mismatch', 'no_such_job'];
  if (stands.includes(fault.kind)) return fault;
  return { ...fault, kind: 'cancelled', message: 'cancelled before the job was taken up; it goes on' };
}
