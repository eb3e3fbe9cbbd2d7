import { err, ok, type Result } from 'neverthrow';
import type { JobOutcome } from '../../domain/job/job-outcome.js';
import { readyBoundSecs } from '../../domain/machine/machine-ready.js';
import type { FileFault, FileStore } from '../../ports/file-store.js';
import { awakeBound } from '../../streams/awake-timer.js';
import type { WhyGone } from '../faults/host-gone.js';
import type { JobFault } from '../faults/job-fault.js';
import { jobMayStillRun } from '../faults/job-fault.js';
import { localFilesFault } from '../faults/port-faults.js';
import type { HostTime } from '../lease/host-time.js';
import { LeaseRenewer } from '../lease/lease-renewer.js';
import { GuestLog } from '../log/guest-log.js';
import { releaseMachine } from '../machine/release-machine.js';
import type { JobPorts } from '../settings/job-ports.js';
import type { JobSettings } from '../settings/job-settings.js';
import { awaitStep, type StepEnd } from '../step/await-step.js';
import { ReadyPhase } from '../step/ready-phase.js';
import type { FollowStream, GuestFault, ToldOfJob } from '../supervisor/guest.js';
import type { JobRun } from './job-call.js';
import { forgetRecord, loadJobRecord, noteHandOver } from './job-record-file.js';
import { keepMachine } from './keep-machine.js';
import { leaveMachine } from './leave-machine.js';
import type { LiveJob } from './live-job.js';
import { mayHaveTaken } from './may-have-begun.js';
import type { JobEnd } from './outcome-of.js';
import { forgetOnHost } from './record-on-host.js';
import { reportEnd, superseded } from './report-end.js';
import { saveJobCaches } from './save-job-caches.js';
import { StepTracker } from './step-tracker.js';

interface StartedJob {
  /** With what is recorded of it by now. */
  readonly job: LiveJob;
  /** Left out when the job is looked for. */
  readonly first: FollowStream | undefined;
}

/** A job that was begun, and who hears what its supervisor tells beside the log. */
interface Begun {
  readonly first: FollowStream | undefined;
  readonly told: ToldOfJob;
}

/** The second half of every job, whoever started it: start or take up, follow, collect, record the outcome, release the machine. */
export class CompleteJob {
  readonly #ports: JobPorts;
  readonly #settings: Pick<JobSettings, 'leaseMs' | 'maxLogBytes' | 'reconnectMs'>;
  readonly #hostTime: HostTime;
  readonly #whyGone: WhyGone | null;

  constructor(
    ports: JobPorts,
    settings: Pick<JobSettings, 'leaseMs' | 'maxLogBytes' | 'reconnectMs'>,
    hostTime: HostTime,
    whyGone: WhyGone | null = null,
  ) {
    this.#ports = ports;
    this.#settings = settings;
    this.#hostTime = hostTime;
    this.#whyGone = whyGone;
  }

  async complete(given: LiveJob): Promise<Result<JobRun, JobFault>> {
    const { session } = given;
    const steps = await StepTracker.open({
      steps: session.job.steps,
      journal: session,
      files: this.#ports.localFiles,
      clock: this.#ports.clock,
      stepsFile: session.state.stepsFile,
      isOurs: () => given.lock.isHeld(),
    });
    const ready = new ReadyPhase(session);
    const told = { onReady: ready.take, ...(steps === null ? {} : { onStep: steps.take }) };
    const started = await this.#start(given, told);
    if (started.isErr()) {
      const fault = session.masked(started.error);
      session.warn(fault.message);
      if (fault.kind === 'superseded') await this.#leave(given);
      else {
        await forgetRecord(this.#ports.localFiles, session, given.lock);
        await this.#release(given);
      }
      return err(fault);
    }
    const { job, first } = started.value;
    const outcome = await this.#toOutcome(job, steps, { first, told });
    ready.end();
    if (outcome.isErr()) {
      const fault = session.masked(withWhatStays(outcome.error, job));
      session.warn(fault.message);
      await (jobMayStillRun(fault) ? this.#leave(job) : this.#release(job));
      return err(fault);
    }
    const { runId, state } = session;
    return ok({ runId, outcome: outcome.value, state, cleanUp: this.#end(job, outcome.value) });
  }

  /**
   * Hands a new job over, and notes before that it may have begun. A fault that does not say that nothing ran is none here: the supervisor may
   * have the job, and following finds out.
   */
  async #start(job: LiveJob, told: ToldOfJob): Promise<Result<StartedJob, JobFault>> {
    const { isNew, start, machine, session, record, lock } = job;
    if (!isNew || start === null || job.notReady !== undefined) return ok({ job, first: undefined });
    if (!(await lock.isHeld())) return err(superseded(job));
    const { localFiles, clock } = this.#ports;
    const noted = await noteHandOver(localFiles, { state: session.state, record, nowMs: clock.now() });
    if (noted.isErr()) return err(localFilesFault(noted.error, 'launch_guest'));
    const live = { ...job, record: noted.value };
    // Beside the start, which does not wait: until it is there the job may have begun as well.
    void job.options.copies?.save(noted.value);
    const started = await start(told);
    if (started.isOk()) return ok({ job: live, first: started.value });
    if (mayHaveTaken(started.error, machine.context.backend)) return ok({ job: live, first: undefined });
    return err(notStarted(started.error, machine.supervisor.description, this.#ports.shell.host));
  }

  async #toOutcome(
    job: LiveJob,
    steps: StepTracker | null,
    begun: Begun,
  ): Promise<Result<JobOutcome, JobFault>> {
    const { session } = job;
    const superseded = new AbortController();
    await using renewer = new LeaseRenewer({
      place: job.machine.lease,
      clock: this.#ports.clock,
      owner: job.owner,
      leaseMs: this.#settings.leaseMs,
      hostTime: this.#hostTime,
      onSuperseded: (message) => superseded.abort(message),
    });
    const opened = await GuestLog.open({
      files: this.#ports.localFiles,
      clock: this.#ports.clock,
      state: session.state,
      secrets: session.secretValues,
      maxBytes: this.#settings.maxLogBytes,
      isOurs: () => job.lock.isHeld(),
      onKept: (data) => session.emitLog(data),
      onCut: (kept_bytes) =>
        session.emit({ type: 'log_cut', kept_bytes, max_bytes: this.#settings.maxLogBytes }),
      nextMark: () => steps?.nextMark ?? null,
      onProgress: () => steps?.advance(),
    });
    if (opened.isErr()) return err(localFilesFault(opened.error, 'wait_for_completion'));
    await using log = opened.value;
    steps?.follow(log);

    const end: Result<JobEnd, JobFault> =
      job.notReady === undefined
        ? await session.runPhase('wait_for_completion', () =>
            this.#follow(job, { log, begun, superseded: superseded.signal }),
          )
        : ok<JobEnd, JobFault>({ kind: 'not_begun', cause: 'services', message: job.notReady });
    if (end.isErr()) return err(end.error);
    if (end.value.kind === 'detached') {
      await renewer[Symbol.asyncDispose]();
      await leaveMachine(job, this.#hostTime, this.#settings.leaseMs);
    }
    // Awaited here: the lease has to be kept until the artifacts are collected.
    return await reportEnd(this.#ports, job, end.value, {
      log,
      steps,
      reconnectMs: this.#settings.reconnectMs,
      saveCaches: (passed) => saveJobCaches(this.#ports, this.#hostTime, job, passed),
    });
  }

  async #follow(
    job: LiveJob,
    {
      log,
      begun: { first, told },
      superseded,
    }: { readonly log: GuestLog; readonly begun: Begun; readonly superseded: AbortSignal },
  ): Promise<Result<StepEnd, JobFault>> {
    const { session, machine, start, options, lock } = job;
    const { job: spec, runId } = session;
    const ended = await awaitStep({
      journal: session,
      guest: machine.supervisor,
      log,
      clock: this.#ports.clock,
      reconnectMs: this.#settings.reconnectMs,
      whyGone: this.#whyGone ?? undefined,
      boundMs: (spec.timeoutSecs + 2 * spec.graceSecs + readyBoundSecs(spec.ready)) * 1000,
      graceSecs: spec.graceSecs,
      names: { step: 'job', attach: `pikaci attach ${runId} ${spec.id}` },
      first,
      restart: start === null ? undefined : () => start(told),
      told,
      onAbort: options.onAbort ?? 'cancel',
      signal: options.signal,
      hurry: options.hurry,
      superseded: AbortSignal.any([superseded, lock.lost, options.copies?.superseded ?? []].flat()),
    });
    const kept = await leaveLog(log, ended);
    return kept.isErr() ? err(localFilesFault(kept.error, 'wait_for_completion')) : ended;
  }

  /** Behind the result: what becomes of the machine. */
  async #end(job: LiveJob, outcome: JobOutcome): Promise<Result<void, JobFault>> {
    const { record } = job;
    const { status } = outcome;
    if (status === 'detached' || !(await isCopied(this.#ports.localFiles, job)))
      return await this.#leave(job).then(() => ok(undefined));
    const gone = outcome.cause === 'lost' ? await this.#whyGone?.(0, new AbortController().signal) : null;
    if (gone?.isDead === true) {
      // Nothing can be removed there, and nobody is to wait for it.
      job.session.warn(
        `${gone.message}; if it comes back, a reaper removes ${job.machine.name} when its lease has ended`,
      );
      return await this.#leave(job).then(() => ok(undefined));
    }
    const isLast = !(job.isRetried?.(outcome) ?? false);
    const keepSecs = status === 'failed' && isLast ? record.keep_on_failure_secs : undefined;
    if (keepSecs === undefined) return await this.#release(job);
    await job.services?.stop();
    return await job.settled.then(() => this.#keep(job, keepSecs * 1000));
  }

  async #keep({ machine, owner, session }: LiveJob, keepMs: number): Promise<Result<void, JobFault>> {
    const now = await this.#hostTime.fresh(awakeBound(60_000));
    const host = machine.context.shared.remoteHost;
    await forgetOnHost(this.#ports.hostFiles, machine);
    return keepMachine({ place: machine.lease, host, session, lease: { owner, expiresAtMs: now + keepMs } });
  }

  async #release({ settled, machine, session, services }: LiveJob): Promise<Result<void, JobFault>> {
    await services?.stop();
    return await settled.then(() => releaseMachine(machine, this.#ports.hostFiles, session));
  }

  async #leave({ settled, session, services }: LiveJob): Promise<void> {
    await services?.stop();
    await settled.then(() => session.hostLog.flushed());
  }
}

/**
 * What the masker holds back may be the beginning of a secret, so it is written only when nothing follows. Where the job
 * may be taken up, the position is saved instead; where that has happened, the log is another's already.
 */
async function leaveLog(log: GuestLog, ended: Result<StepEnd, JobFault>): Promise<Result<void, FileFault>> {
  if (ended.isErr()) return ended.error.kind === 'superseded' ? ok(undefined) : log.pause();
  return ended.value.kind === 'detached' ? log.pause() : log.finish();
}

/** Where this machine could not keep the job, its machine stays: a state root that is gone knows nothing of it any more. */
function withWhatStays(fault: JobFault, { machine, session }: LiveJob): JobFault {
  if (fault.kind !== 'local_files') return fault;
  const { runId, job } = session;
  const how = `"pikaci attach ${runId} ${job.id}" resumes it, or "pikaci gc --remote" removes it once its lease has ended`;
  const where = `the machine ${machine.name} on ${machine.context.shared.remoteHost}`;
  return { ...fault, message: `${fault.message}; ${where} stays: ${how}` };
}

/** Its end is on the host before its machine is gone: of one that is gone without, nobody knows how it ended. False where another has the run. */
async function isCopied(files: FileStore, { session, options }: LiveJob): Promise<boolean> {
  if (options.copies === undefined) return true;
  const record = await loadJobRecord(files, session.state);
  const copied = record.isOk() ? await options.copies.save(record.value) : ok(undefined);
  return copied.isOk() || copied.error.kind !== 'superseded';
}

function notStarted(fault: GuestFault, description: string, host: string): JobFault {
  const message = `the job could not be started in ${description}: ${fault.message}`;
  const cause = fault.cause === undefined ? {} : { cause: fault.cause };
  return { kind: 'guest', phase: 'launch_guest', host, message, ...cause };
}
