import { randomBytes } from 'node:crypto';
import { dirname } from 'node:path/posix';
import { err, ok, type Result } from 'neverthrow';
import { type JobAttempt, type JobRetry, waitAfter } from '../../domain/job/job-retry.js';
import { jobSpecSchema } from '../../domain/job/job-spec.js';
import { attemptStateLayout, type JobStateLayout, jobStateLayout } from '../../domain/records/run-layout.js';
import { runIdSchema } from '../../domain/values/identifier.js';
import { runIdAt } from '../../domain/values/run-id.js';
import type { FileStore } from '../../ports/file-store.js';
import { awakeBound } from '../../streams/awake-timer.js';
import { onAbort } from '../../streams/on-abort.js';
import { GuardedEventSink } from '../events/guarded-event-sink.js';
import type { JobFault } from '../faults/job-fault.js';
import { localFilesFault } from '../faults/port-faults.js';
import { JobLock } from '../lock/job-lock.js';
import { removeHostDirectory } from '../machine/host-directory.js';
import type { MachineBackends } from '../machine/machine-backends.js';
import type { JobServices } from '../services/job-services.js';
import type { JobPorts } from '../settings/job-ports.js';
import type { JobSettings } from '../settings/job-settings.js';
import type { JobRun } from './job-call.js';
import { loadJobRecord } from './job-record-file.js';
import { machineOfRecord } from './machine-of-record.js';
import { retryCauseOf, retryCauseOfFault } from './retry-cause.js';
import type { RunJob } from './run-job.js';
import type { RunJobCall } from './run-job-call.js';

/** What removes a machine where it is. */
export interface MachineRemoval {
  readonly hostFiles: FileStore;
  readonly backends: MachineBackends;
  readonly jobServices: Pick<JobServices, 'machineOf'>;
}

export interface RunAttemptsParts {
  readonly ports: Pick<JobPorts, 'clock' | 'localFiles' | 'processes'>;
  readonly settings: Pick<JobSettings, 'stateRoot'>;
  /** One attempt, each where it is best. */
  readonly runJob: Pick<RunJob, 'run'>;
  /** What is on a member of the cluster, as a record names it. */
  readonly on: (member: string | undefined, signal: AbortSignal) => Promise<Result<MachineRemoval, JobFault>>;
}

/** What a run of several jobs hears of attempts. */
export interface RunAttemptsCall extends RunJobCall {
  /** An attempt that another runner began, and that has ended since: what is done is what follows it. */
  readonly begun?: JobRun;
  /** An attempt has ended that is followed by another, and that one begins after so many milliseconds. */
  readonly onRetry?: (ended: JobAttempt, waitMs: number) => void;
  /** The next one begins. */
  readonly onAttempt?: (attempt: number, earlier: readonly JobAttempt[]) => void;
}

interface Retried {
  readonly runId: string;
  readonly jobId: string;
  readonly retry: JobRetry;
  readonly signal: AbortSignal;
}

type Ended = Result<JobRun, JobFault>;

/** What another member may do better. */
const HOSTS_OWN: ReadonlySet<JobAttempt['retried_for']> = new Set(['lost', 'host']);
/** Longest time for the removal of a machine that may still run. */
const REMOVE_BOUND_MS = 60_000;

/** A job, and further attempts at it in fresh machines where its `retry` asks for them. The last attempt's end is the job's. */
export class RunAttempts {
  readonly #parts: RunAttemptsParts;

  constructor(parts: RunAttemptsParts) {
    this.#parts = parts;
  }

  async run(call: RunAttemptsCall): Promise<Ended> {
    const { runJob, ports } = this.#parts;
    const job = jobSpecSchema.safeParse(call.job);
    const runId = runIdSchema.safeParse(call.runId ?? runIdAt(ports.clock.now(), randomBytes(3)));
    // What is not valid is told there.
    if (!job.success || !runId.success || job.data.retry === undefined) {
      const { begun, onRetry: _, onAttempt: __, ...plain } = call;
      return begun === undefined ? runJob.run(plain) : ok(begun);
    }
    const signal = call.signal ?? new AbortController().signal;
    const of = { runId: runId.data, jobId: job.data.id, retry: job.data.retry, signal };
    const { begun, earlierAttempts = [] } = call;
    const avoid = new Set<string>();
    const earlier: JobAttempt[] = [...(begun?.outcome.earlier_attempts ?? earlierAttempts)];
    const first = begun?.outcome.attempt ?? call.jobAttempt ?? 1;
    /** The last attempt that has run; its machine may be there still, and its state lies where the next one's is to be. */
    let last = begun === undefined ? 0 : first;
    for (let attempt = first; ; attempt++) {
      const taken = attempt === first ? begun : undefined;
      const startedAt = this.#now();
      const state = jobStateLayout(this.#parts.settings.stateRoot, of.runId, of.jobId);
      const ran = last === 0 || taken !== undefined ? null : await this.#memberOf(state);
      if (ran !== null && HOSTS_OWN.has(earlier.at(-1)?.retried_for ?? 'failed')) avoid.add(ran);
      const room =
        last === 0 || taken !== undefined ? ok(undefined) : await this.#makeRoom(of, last, earlier);
      if (room.isOk()) {
        last = attempt;
        if (attempt > first) call.onAttempt?.(attempt, [...earlier]);
      }
      const ended: Ended = room.isErr()
        ? err(room.error)
        : taken === undefined
          ? await runJob.run({ ...callOf(call, of, attempt, earlier), avoid: [...avoid] })
          : ok(taken);
      // One that no member could begin has a number as well.
      if (ended.isOk()) {
        attempt = Math.max(attempt, ended.value.outcome.attempt ?? 1);
        last = attempt;
      }
      const cause = whyAgain(ended, of, earlier.length);
      if (cause === null) return ended.mapErr((fault) => withEarlier(fault, earlier));
      const layout = attemptStateLayout(this.#parts.settings.stateRoot, of.runId, of.jobId, last);
      const times = { started_at: startedAt, finished_at: this.#now() };
      const told = attemptOf(ended, { attempt, retried_for: cause, ...times }, layout);
      const waitMs = waitAfter(attempt, of.retry);
      this.#tell(call, of, { told, waitMs });
      call.onRetry?.(told, waitMs);
      // The machine goes meanwhile: it may have the room that the next one needs.
      const gone = ended.isOk() ? ended.value.cleanUp : Promise.resolve();
      await unlessAborted(Promise.all([ports.clock.sleep(waitMs, signal), gone]), signal);
      // It has ended so, and nobody wants to know more.
      if (signal.aborted) return ended.mapErr((fault) => withEarlier(fault, earlier));
      earlier.push(told);
    }
  }

  /**
   * Puts the state of the last attempt aside. Where its machine may still run it is removed first, or there is no other attempt: two at once
   * would do the job's work twice.
   */
  async #makeRoom(
    of: Retried,
    last: number,
    earlier: readonly JobAttempt[],
  ): Promise<Result<void, JobFault>> {
    const { ports, settings } = this.#parts;
    const { localFiles } = ports;
    const here = jobStateLayout(settings.stateRoot, of.runId, of.jobId);
    const aside = attemptStateLayout(settings.stateRoot, of.runId, of.jobId, last);
    const removed =
      earlier.at(-1)?.status === 'faulted' ? await this.#removeMachine(of, here.jobDir) : ok(undefined);
    if (removed.isErr()) return err(removed.error);
    const made = await localFiles.makeDirectory(dirname(aside.jobDir));
    const moved = made.isErr() ? made : await localFiles.rename(here.jobDir, aside.jobDir);
    if (moved.isOk() || moved.error.kind === 'not_found') return ok(undefined);
    return err(localFilesFault(moved.error, null));
  }

  async #removeMachine(of: Retried, jobDir: string): Promise<Result<void, JobFault>> {
    const { ports, settings } = this.#parts;
    const bound = AbortSignal.any([of.signal, awakeBound(REMOVE_BOUND_MS)]);
    const dir = await ports.localFiles.lstat(jobDir);
    if (dir.isErr()) return ok(undefined);
    // Somebody may have taken it up: then it is theirs.
    const locked = await JobLock.take(ports, jobDir, bound);
    if (locked.isErr()) return err(locked.error);
    await using _ = locked.value;
    const record = await loadJobRecord(
      ports.localFiles,
      jobStateLayout(settings.stateRoot, of.runId, of.jobId),
    );
    if (record.isErr()) return record.error.kind === 'no_such_job' ? ok(undefined) : err(record.error);
    if (record.value.outcome !== null) {
      const message = `another runner has taken the job up, and it has ended there; "pikaci attach ${of.runId} ${of.jobId}" tells how`;
      return err({ kind: 'superseded', phase: null, host: record.value.host, message });
    }
    const state = jobStateLayout(settings.stateRoot, of.runId, of.jobId);
    const services = { ...of, state, secrets: [], incusProject: record.value.incus_project };
    const there = await this.#parts.on(record.value.incus_member, bound);
    if (there.isErr()) return err(notRemoved(there.error));
    const { backends, jobServices, hostFiles } = there.value;
    const own = machineOfRecord(backends, of, record.value);
    const machine = await jobServices.machineOf(services, own, record.value.services);
    const { acquisition, context } = machine;
    const removed = await machine.remove(bound);
    if (removed.isOk())
      return await removeHostDirectory(hostFiles, { layout: context.shared, acquisition }, bound);
    return removed.mapErr(notRemoved);
  }

  /** Null where it is not known, or there is none. */
  async #memberOf(state: JobStateLayout): Promise<string | null> {
    const record = await loadJobRecord(this.#parts.ports.localFiles, state);
    return record.isErr() ? null : (record.value.incus_member ?? null);
  }

  #tell(
    call: RunAttemptsCall,
    of: Retried,
    { told, waitMs }: { readonly told: JobAttempt; readonly waitMs: number },
  ): void {
    if (call.events === undefined) return;
    const { attempt, status, cause, exit_code, message, retried_for } = told;
    new GuardedEventSink(call.events, () => {}).emit({
      schema_version: 1,
      at: this.#now(),
      run_id: of.runId,
      job_id: of.jobId,
      type: 'job_retried',
      ...{ attempt, status, cause, exit_code, message, retried_for },
      wait_ms: waitMs,
    });
  }

  #now(): string {
    return new Date(this.#parts.ports.clock.now()).toISOString();
  }
}

function callOf(
  call: RunAttemptsCall,
  of: Retried,
  attempt: number,
  earlier: readonly JobAttempt[],
): RunJobCall {
  const { onRetry: _, onAttempt: __, begun: ___, ...rest } = call;
  return {
    ...rest,
    runId: of.runId,
    jobAttempt: attempt,
    earlierAttempts: [...earlier],
    isRetried: (outcome) => causeIn(of, earlier.length, retryCauseOf(outcome)) !== null,
  };
}

/** Null for an end that stands. */
function whyAgain(ended: Ended, of: Retried, retries: number) {
  return causeIn(
    of,
    retries,
    ended.isOk() ? retryCauseOf(ended.value.outcome) : retryCauseOfFault(ended.error),
  );
}

/** An attempt that never began has a number, and is none of those that were tried again. */
function causeIn({ retry, signal }: Retried, retries: number, cause: JobAttempt['retried_for'] | null) {
  const stands = cause === null || signal.aborted || retries >= retry.max || !retry.when.includes(cause);
  return stands ? null : cause;
}

function attemptOf(
  ended: Ended,
  of: Pick<JobAttempt, 'attempt' | 'retried_for' | 'started_at' | 'finished_at'>,
  { hostLog, guestLog }: { readonly hostLog: string; readonly guestLog: string },
): JobAttempt {
  const logs = { host_log_path: hostLog, guest_log_path: guestLog };
  if (ended.isErr()) {
    const { kind, message } = ended.error;
    return { ...of, status: 'faulted', cause: kind, exit_code: null, message, ...logs };
  }
  const { cause, exit_code, message, started_at, finished_at } = ended.value.outcome;
  return { ...of, status: 'failed', cause, exit_code, message, started_at, finished_at, ...logs };
}

function notRemoved(fault: JobFault): JobFault {
  const why = 'the machine of the attempt before could not be removed, so that no other begins';
  return { ...fault, message: `${why}: ${fault.message}` };
}

function withEarlier(fault: JobFault, earlier: readonly JobAttempt[]): JobFault {
  return earlier.length === 0 ? fault : { ...fault, earlierAttempts: [...earlier] };
}

async function unlessAborted(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  let forget = () => {};
  const abort = new Promise<void>((resolve) => {
    forget = onAbort(signal, resolve);
  });
  await Promise.race([work, abort]);
  forget();
}
