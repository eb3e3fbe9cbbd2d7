import { err, ok, type Result } from 'neverthrow';
import type { ArtifactCaps } from '../../domain/job/artifact-caps.js';
import { type JobRecord, jobRecordSchema } from '../../domain/job/job-record.js';
import { withRecordedShell } from '../../domain/job/job-shells.js';
import { type JobSpec, jobSpecSchema } from '../../domain/job/job-spec.js';
import type { Lease } from '../../domain/machine/lease.js';
import { machineJobId } from '../../domain/machine/machine-job-id.js';
import { withoutIdleUser } from '../../domain/machine/machine-options.js';
import { remoteLayout } from '../../domain/machine/remote-layout.js';
import { isKeptId, keptJobLayout, keptJobsDir, recordOnHost } from '../../domain/records/kept-layout.js';
import { jobIdSchema, runIdSchema } from '../../domain/values/identifier.js';
import { awakeBound } from '../../streams/awake-timer.js';
import type { JobFault } from '../faults/job-fault.js';
import { hostFilesFault } from '../faults/port-faults.js';
import { configMismatch } from '../job/config-mismatch.js';
import { JobSession } from '../job/job-session.js';
import type { LiveJob } from '../job/live-job.js';
import { machineOfRecord } from '../job/machine-of-record.js';
import type { JobEnd } from '../job/outcome-of.js';
import { reportEnd } from '../job/report-end.js';
import { secretsToMask } from '../job/secrets-to-mask.js';
import { StepTracker } from '../job/step-tracker.js';
import { GuestLog } from '../log/guest-log.js';
import type { Machine } from '../machine/machine-backend.js';
import type { MachineBackends } from '../machine/machine-backends.js';
import { readRecord } from '../records/read-record.js';
import type { JobPorts } from '../settings/job-ports.js';
import type { JobSettings } from '../settings/job-settings.js';
import { awaitStep } from '../step/await-step.js';

/** How long a guest is listened to: its machine is claimed for somewhat longer. */
const KEEP_BOUND_MS = 90_000;
/** Of one job; its own caps count where they are less. */
const CAPS: ArtifactCaps = { fileBytes: 1024 ** 3, totalBytes: 1024 ** 3, files: 20_000 };
const STATUS_BOUND_MS = 10_000;
const LOG_BYTES = 256 * 1024 ** 2;
/** A microVM powers off behind its job's end, and is said to run until then. */
const POWER_OFF_MS = 10_000;
/** So long after a job's timeout its machine stays when the host has no place for what it has left. */
const STAYS_MS = 24 * 3600_000;
const GONE = 'its runner was gone and its lease had ended, so it was ended with its machine';

export interface KeepLeftJobParts {
  readonly ports: JobPorts;
  readonly settings: Pick<JobSettings, 'workDir' | 'maxLogBytes' | 'reconnectMs'>;
  readonly backends: MachineBackends;
}

/**
 * `nothing`: no job, one that never began, or one whose end a runner has. With `isToStay` the job has ended, and the host had no place for what it
 * has left, or could not be asked: the next reaper may have more luck.
 */
export type KeptOfMachine =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'kept'; readonly runId: string; readonly jobId: string }
  | { readonly kind: 'failed'; readonly message: string; readonly isToStay: boolean };

export interface KeepCall {
  /** The host's, ms since the epoch. */
  readonly nowMs: number;
  readonly signal: AbortSignal;
}

/**
 * Keeps on the host what a job has left whose machine is about to be removed because nobody looks after it: its log, its exit record and its
 * artifacts, as a runner that took it up would have them. A job that runs is not waited for; of it there is no result.
 */
export class KeepLeftJob {
  readonly #parts: KeepLeftJobParts;

  constructor(parts: KeepLeftJobParts) {
    this.#parts = parts;
  }

  /** `name` is the machine's; the lease is what it had before it was claimed. */
  async keep(name: string, lease: Lease, call: KeepCall): Promise<KeptOfMachine> {
    const found = await this.#find(name, lease);
    if (found.isErr()) return { kind: 'failed', message: found.error.message, isToStay: true };
    if (found.value === null) return { kind: 'nothing' };
    const left = found.value;
    const kept = await this.#keep(left, call.signal);
    if (kept.isErr()) {
      const isToStay = isOfHost(kept.error) && (await this.#isToStay(left, call));
      return { kind: 'failed', message: kept.error.message, isToStay };
    }
    const { run_id: runId, job_id: jobId } = left.record;
    return kept.value ? { kind: 'kept', runId, jobId } : { kind: 'nothing' };
  }

  /** A job that has ended; of one that runs there is no result to lose. Its record is as old on the host as its machine. */
  async #isToStay({ machine, job }: Left, { nowMs, signal }: KeepCall): Promise<boolean> {
    const bound = AbortSignal.any([signal, awakeBound(STATUS_BOUND_MS)]);
    const status = await machine.supervisor.status({ signal: bound });
    if (status.isErr() || status.value.state !== 'finished') return false;
    const stat = await this.#parts.ports.hostFiles.lstat(recordOnHost(machine.context.shared), { signal });
    return stat.isErr() || nowMs < stat.value.mtimeMs + job.timeoutSecs * 1000 + STAYS_MS;
  }

  /** The ids come from the instance, where anybody may have written them. The record lies where no guest can write, and says the same or is not this machine's. */
  async #find(
    name: string,
    { runId, jobId, acquisition }: Lease,
  ): Promise<Result<Left | null, { readonly message: string }>> {
    const { ports, settings, backends } = this.#parts;
    const isSound = runIdSchema.safeParse(runId).success && jobIdSchema.safeParse(jobId).success;
    if (!isSound || acquisition === null || !isKeptId(acquisition)) return ok(null);
    const layout = remoteLayout({ runId, jobId, remoteWorkDir: settings.workDir });
    const read = await readRecord(ports.hostFiles, recordOnHost(layout), jobRecordSchema);
    if (read.isErr())
      return read.error.kind === 'missing' || read.error.kind === 'damaged' ? ok(null) : err(read.error);
    const record = read.value;
    const isIts =
      record.acquisition === acquisition &&
      record.run_id === runId &&
      jobIdSchema.safeParse(record.job_id).success &&
      machineJobId(record.job_id, record.attempt ?? 1) === jobId;
    const spec = jobSpecSchema.safeParse(withRecordedShell(withoutIdleUser(record.job_spec)));
    if (!isIts || !spec.success) return ok(null);
    const machine = machineOfRecord(backends, { runId, jobId: record.job_id }, record);
    if (machine.name !== name || configMismatch(record, machine) !== null) return ok(null);
    return ok({ id: acquisition, record, machine, job: bounded(spec.data) });
  }

  /** False of a job that never began. It appears whole, by a rename. */
  async #keep(left: Left, ended: AbortSignal): Promise<Result<boolean, JobFault>> {
    const kept = await this.#tryToKeep(left, ended);
    // "This machine" is the one on which it is kept.
    return kept.mapErr((fault) =>
      fault.cause !== undefined && 'operation' in fault.cause
        ? hostFilesFault(fault.cause, 'clean_up')
        : fault,
    );
  }

  async #tryToKeep(left: Left, ended: AbortSignal): Promise<Result<boolean, JobFault>> {
    const signal = AbortSignal.any([ended, awakeBound(KEEP_BOUND_MS)]);
    const { hostFiles } = this.#parts.ports;
    const status = await left.machine.supervisor.status({ signal });
    if (status.isErr()) return err(this.#fault(`the guest could not be asked: ${status.error.message}`));
    if (status.value.state === 'absent') return ok(false);
    const masks = await secretsToMask(left.machine, left.record, signal);
    if (masks.isErr()) return err(masks.error);
    const all = keptJobsDir(this.#parts.settings.workDir);
    const place = `${all}/${left.id}`;
    // By a reaper that has not come to removing the machine.
    if ((await hostFiles.lstat(keptJobLayout(place).jobRecord)).isOk()) return ok(true);
    const making = `${all}/.making-${left.id}`;
    const made = await this.#makeAnew(making);
    if (made.isErr()) return err(made.error);
    const endsAt = status.value.state === 'running' ? status.value.log_bytes : null;
    const kept = await this.#fill(left, {
      making,
      endsAt,
      secrets: Object.values(masks.value ?? {}),
      signal,
    });
    // What a reaper has that was stopped in the middle is less than what the next one gets: the machine is there still.
    const stopped = ended.aborted ? err(this.#fault('the reaper was stopped; the next one keeps it')) : kept;
    const placed = stopped.isErr() ? err(stopped.error) : await hostFiles.rename(making, place);
    if (placed.isOk()) return ok(true);
    await hostFiles.remove(making, { recursive: true });
    const { error } = placed;
    return err('operation' in error ? hostFilesFault(error, 'clean_up') : error);
  }

  async #makeAnew(making: string): Promise<Result<void, JobFault>> {
    const { hostFiles } = this.#parts.ports;
    const removed = await hostFiles.remove(making, { recursive: true });
    const made = removed.isErr() ? removed : await hostFiles.makeDirectory(making, { mode: 0o700 });
    return made.mapErr((fault) => hostFilesFault(fault, 'clean_up'));
  }

  async #fill(
    { record, machine, job }: Left,
    at: {
      readonly making: string;
      readonly endsAt: number | null;
      readonly secrets: readonly string[];
      readonly signal: AbortSignal;
    },
  ): Promise<Result<void, JobFault>> {
    const { ports, settings } = this.#parts;
    const { hostFiles: files, clock, processes } = ports;
    const { reconnectMs } = settings;
    const state = keptJobLayout(at.making);
    const startedAtMs = Date.parse(record.created_at) || clock.now();
    const { attempt } = record;
    const session = new JobSession({
      ...{ runId: record.run_id, job, state, secrets: at.secrets, attempt, startedAtMs },
      ...{ localFiles: files, clock, events: undefined },
    });
    const isOurs = async () => true;
    const { stepsFile } = state;
    const steps = await StepTracker.open({
      steps: job.steps,
      journal: session,
      files,
      clock,
      stepsFile,
      isOurs,
    });
    const [enough, over] = [new AbortController(), new AbortController()];
    const graceMs = machine.context.backend === 'microvm' ? POWER_OFF_MS : 0;
    let log: GuestLog | null = null;
    let isStopping = false;
    const stopWhenEnough = () => {
      if (isStopping || at.endsAt === null || (log?.received ?? 0) < at.endsAt) return;
      isStopping = true;
      if (graceMs === 0) enough.abort();
      else void clock.bound(graceMs, over.signal).then(() => enough.abort());
    };
    const opened = await GuestLog.open({
      ...{ files, clock, state, secrets: at.secrets, isOurs, onKept: () => {} },
      maxBytes: Math.min(settings.maxLogBytes, LOG_BYTES),
      nextMark: () => steps?.nextMark ?? null,
      onProgress: () => {
        steps?.advance();
        stopWhenEnough();
      },
    });
    if (opened.isErr()) return err(hostFilesFault(opened.error, 'clean_up'));
    await using kept = opened.value;
    log = kept;
    steps?.follow(kept);
    stopWhenEnough();
    const ended = await awaitStep({
      ...{ journal: session, guest: machine.supervisor, log: kept, clock, reconnectMs },
      ...{ boundMs: KEEP_BOUND_MS, graceSecs: 0, first: undefined, restart: undefined },
      ...(steps === null ? {} : { told: { onStep: steps.take } }),
      names: { step: 'job', attach: `pikaci attach ${record.run_id} ${job.id}` },
      onAbort: 'detach',
      signal: AbortSignal.any([enough.signal, at.signal]),
      superseded: new AbortController().signal,
    });
    over.abort();
    if (ended.isErr()) return err(ended.error);
    const finished = await kept.finish();
    if (finished.isErr()) return err(hostFilesFault(finished.error, 'clean_up'));
    const end: JobEnd = ended.value.kind === 'detached' ? { kind: 'lost', message: GONE } : ended.value;
    const { services: _, ...own } = record;
    const live: LiveJob = {
      ...{ session, machine, owner: '', start: null, isNew: false, settled: Promise.resolve() },
      record: { ...own, kept_at: new Date(clock.now()).toISOString() },
      lock: { isHeld: isOurs, lost: new AbortController().signal },
      options: { onAbort: 'destroy', signal: at.signal },
    };
    const told = { log: kept, steps, reconnectMs, saveCaches: async () => [] };
    const outcome = await reportEnd({ localFiles: files, clock, processes }, live, end, told);
    await session.hostLog.flushed();
    return outcome.map(() => undefined);
  }

  #fault(message: string): JobFault {
    return { kind: 'guest', phase: 'clean_up', host: this.#parts.ports.shell.host, message };
  }
}

interface Left {
  /** Of its machine. */
  readonly id: string;
  readonly record: JobRecord;
  readonly machine: Machine;
  readonly job: JobSpec;
}

function bounded(job: JobSpec): JobSpec {
  const { fileBytes, totalBytes, files } = job.artifactCaps;
  const caps = {
    fileBytes: Math.min(fileBytes, CAPS.fileBytes),
    totalBytes: Math.min(totalBytes, CAPS.totalBytes),
    files: Math.min(files, CAPS.files),
  };
  return { ...job, artifactCaps: caps };
}

/** Not what a guest can bring about: one that stalls makes a fault of this kind without a cause. */
function isOfHost({ kind, cause }: JobFault): boolean {
  return kind === 'host_files' || (kind === 'host' && cause !== undefined);
}
