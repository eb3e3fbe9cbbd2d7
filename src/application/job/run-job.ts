import { randomBytes } from 'node:crypto';
import { err, ok, type Result } from 'neverthrow';
import pLimit, { type LimitFunction } from 'p-limit';
import { buildGuestRequest } from '../../domain/job/guest-request.js';
import type { JobRecord } from '../../domain/job/job-record.js';
import { type JobSpec, jobSpecSchema } from '../../domain/job/job-spec.js';
import { snapshotHomeDir } from '../../domain/machine/remote-layout.js';
import {
  type RemoteLinuxVmContext,
  remoteLinuxVmContext,
} from '../../domain/machine/remote-linux-vm-context.js';
import { jobStateLayout } from '../../domain/records/run-layout.js';
import { runIdSchema } from '../../domain/values/identifier.js';
import { runIdAt } from '../../domain/values/run-id.js';
import type { ScanFault, WorkspaceSnapshot } from '../../ports/workspace-scanner.js';
import type { JobRun, RunJobInput } from '../api/pikaci.js';
import { whileHope } from '../commands/abort-when-pointless.js';
import { JobSession } from '../events/job-session.js';
import { type JobFault, leavesMachine } from '../faults/job-fault.js';
import { localFilesFault, workspaceFault } from '../faults/port-faults.js';
import { stampUse } from '../holds/last-used.js';
import type { HostTime } from '../lease/host-time.js';
import { newOwner } from '../lease/owner.js';
import type { Backends } from '../machine/backends.js';
import { contextInput } from '../machine/context-input.js';
import { prepareDirectories } from '../machine/prepare-directories.js';
import type { JobPorts } from '../settings/job-ports.js';
import type { JobSettings } from '../settings/job-settings.js';
import { missesSnapshot } from '../snapshot/misses-snapshot.js';
import { scanAhead } from '../snapshot/scan-ahead.js';
import type { StageProgress, StageSnapshot } from '../snapshot/stage-snapshot.js';
import type { Guest, GuestFault } from '../supervisor/guest.js';
import { claimJobState } from './claim-job-state.js';
import { cleanUpJob, removeJobDir } from './clean-up-job.js';
import type { CompleteJob } from './complete-job.js';
import type { JobLock } from './job-lock.js';
import { saveJobRecord } from './job-record-file.js';
import { keepMachine } from './keep-machine.js';
import { newJobRecord } from './new-job-record.js';

/** Launches of one job: a snapshot may be evicted between the look at it and the mount. */
const EVICTIONS = 5;

export interface RunJobParts {
  readonly ports: JobPorts;
  readonly settings: JobSettings;
  readonly backends: Backends;
  readonly stageSnapshot: StageSnapshot;
  readonly completeJob: CompleteJob;
  readonly hostTime: HostTime;
  readonly parallelCreates: number;
}

/** What a run of several jobs adds to one of them. */
export interface RunJobCall extends RunJobInput {
  /** Reads the workspace, once for all jobs of a run. */
  readonly scan?: () => Promise<Result<WorkspaceSnapshot, ScanFault>>;
}

interface Launch {
  /** The snapshot's place is not known yet. */
  readonly provisional: RemoteLinuxVmContext;
  /** No machine mounts the job's directories on the host, so they are made beside all the rest. */
  readonly directories: Promise<Result<void, JobFault>>;
  readonly input: RunJobCall & Required<Pick<RunJobCall, 'scan'>>;
}

interface Launched {
  readonly context: RemoteLinuxVmContext;
  readonly record: JobRecord;
  readonly owner: string;
  /** Ends when the snapshot's last use is written down, or cannot be. */
  readonly stamped: Promise<unknown>;
}

/** One job, from its description to its outcome. What does not depend on another thing runs beside it. */
export class RunJob {
  readonly #parts: RunJobParts;
  readonly #creates: LimitFunction;

  constructor(parts: RunJobParts) {
    this.#parts = parts;
    this.#creates = pLimit(parts.parallelCreates);
  }

  async run(input: RunJobCall): Promise<Result<JobRun, JobFault>> {
    const { ports, settings } = this.#parts;
    const signal = input.signal ?? new AbortController().signal;
    const parsed = jobSpecSchema.safeParse(input.job);
    if (!parsed.success) return err(this.#invalid('job', parsed.error.issues[0]));
    const runId = runIdSchema.safeParse(input.runId ?? runIdAt(ports.clock.now(), randomBytes(3)));
    if (!runId.success) return err(this.#invalid('runId', runId.error.issues[0]));
    const job = parsed.data;
    const state = jobStateLayout(settings.stateRoot, runId.data, job.id);
    const scan = input.scan ?? scanAhead(ports.scanner, input.workspace, signal);
    const claimed = await claimJobState(ports, state, signal);
    if (claimed.isErr()) return err(claimed.error);
    await using lock = claimed.value;

    const session = new JobSession({
      runId: runId.data,
      job,
      state,
      secrets: Object.values(job.secrets),
      localFiles: ports.localFiles,
      clock: ports.clock,
      events: input.events,
    });
    session.emit({ type: 'job_started', host: ports.shell.host, backend: settings.backend });
    const provisional = remoteLinuxVmContext(contextInput(settings, ports.shell.host, session));
    const directories = session.during('prepare_directories', () =>
      prepareDirectories(ports.hostFiles, provisional, signal),
    );
    const launched = await this.#launch(
      session,
      { provisional, directories, input: { ...input, scan } },
      signal,
    );
    // Also when the launch has failed: what is removed then must not appear afterwards.
    await directories;
    if (launched.isErr()) {
      session.emit({ type: 'warning', message: launched.error.message });
      // A machine of that name is another runner's, and so is the directory.
      if (launched.error.kind !== 'run_exists') await removeJobDir(ports, provisional);
      await session.hostLog.flushed();
      return err(launched.error);
    }
    return await this.#finish(session, { ...launched.value, lock }, input, signal);
  }

  /** Again when the snapshot was evicted meanwhile: a launch that failed has left nothing, and staging sends it once more. */
  async #launch(
    session: JobSession,
    launch: Launch,
    signal: AbortSignal,
  ): Promise<Result<Launched, JobFault>> {
    for (let evictions = 1; ; evictions++) {
      const launched = await this.#launchOnce(session, launch, signal);
      if (launched.isOk() || signal.aborted || evictions === EVICTIONS) return launched;
      if (!missesSnapshot(launched.error)) return launched;
      const message = `the snapshot is not there any more, and is staged again: ${launched.error.message}`;
      session.emit({ type: 'warning', message });
    }
  }

  async #launchOnce(
    session: JobSession,
    { provisional, directories, input }: Launch,
    signal: AbortSignal,
  ): Promise<Result<Launched, JobFault>> {
    const { ports, settings, backends } = this.#parts;
    const resolved = backends.resolveBase(provisional, signal);
    const stage = (whileUseful: AbortSignal) => this.#stage(session, input, whileUseful);
    const [snapshot, base] = await Promise.all([
      session.during('stage_workspace_snapshot', () => whileHope([resolved, directories], stage, signal)),
      resolved,
      this.#parts.hostTime.learn(signal),
    ]);
    // First of all: nothing that is another runner's may be taken for what this one left.
    if (base.isErr() && base.error.kind === 'run_exists') return err(base.error);
    if (snapshot.isErr()) return err(snapshot.error);
    const context = remoteLinuxVmContext({
      ...contextInput(settings, ports.shell.host, session),
      snapshotHash: snapshot.value.contentHash,
    });
    const runtime = await session.during('prepare_runtime', async () =>
      base.isErr() ? err(base.error) : backends.prepareRuntime(context, session.job, base.value, signal),
    );
    if (runtime.isErr()) return err(runtime.error);

    const record = newJobRecord({
      session,
      context,
      workspace: input.workspace,
      snapshot: snapshot.value,
      image: runtime.value.image,
      host: ports.shell.host,
      nowMs: ports.clock.now(),
    });
    const owner = newOwner();
    let stamped: Promise<unknown> = Promise.resolve();
    const launched = await session.during('launch_guest', () =>
      this.#creates(async () => {
        if (signal.aborted) return err(this.#cancelled());
        const lease = {
          runId: session.runId,
          jobId: session.job.id,
          owner,
          expiresAtMs: this.#parts.hostTime.now() + settings.leaseMs,
        };
        // Nothing waits for it but the clean-up. One that fails makes the snapshot look older than it is, no more.
        const home = snapshotHomeDir(settings.workDir, snapshot.value.contentHash);
        stamped = stampUse(ports.hostFiles, home, { runId: session.runId, signal });
        const [created, saved, made] = await Promise.all([
          backends.launch(context, runtime.value, lease, signal),
          saveJobRecord(ports.localFiles, session.state, record),
          directories,
        ]);
        if (created.isErr()) return err(created.error);
        const failed = saved.isErr()
          ? localFilesFault(saved.error, 'launch_guest')
          : made.isErr()
            ? made.error
            : null;
        if (failed === null) return ok(undefined);
        await cleanUpJob(ports, backends, context, session);
        return err(failed);
      }),
    );
    if (launched.isErr()) {
      await stamped;
      return err(launched.error);
    }
    session.emit({ type: 'instance_created', instance: runtime.value.machine });
    return ok({ context, record, owner, stamped });
  }

  async #finish(
    session: JobSession,
    { context, record, owner, stamped, lock }: Launched & { readonly lock: JobLock },
    input: RunJobInput,
    signal: AbortSignal,
  ): Promise<Result<JobRun, JobFault>> {
    const { ports, backends, completeJob } = this.#parts;
    const cleanUp = () => stamped.then(() => cleanUpJob(ports, backends, context, session));
    const guest = backends.guest(context);
    const start = () => this.#start(guest, session.job);
    const first = await start();
    if (first.isErr() && first.error.kind !== 'connection_lost') {
      await cleanUp();
      return err(this.#notStarted(first.error, guest));
    }
    const outcome = await completeJob.complete({
      session,
      context,
      guest,
      record: input.keepOnFailureSecs === undefined ? record : { ...record, keep_on_failure: true },
      owner,
      taken: lock.lost,
      first: first.isOk() ? first.value : undefined,
      restart: start,
      options: { ...input, signal },
    });
    if (outcome.isErr()) {
      session.emit({ type: 'warning', message: outcome.error.message });
      await (leavesMachine(outcome.error) ? stamped.then(() => session.hostLog.flushed()) : cleanUp());
      return err(outcome.error);
    }
    const { status } = outcome.value;
    const keeps = status === 'failed' && input.keepOnFailureSecs !== undefined;
    if (keeps && !backends.outlivesJob(context))
      session.emit({
        type: 'warning',
        message: 'a microVM powers off with its job, so nothing of it is kept',
      });
    const kept =
      keeps && backends.outlivesJob(context)
        ? () => this.#keep(session, context, owner, input.keepOnFailureSecs ?? 0)
        : null;
    const left = status === 'detached' ? () => session.hostLog.flushed().then(() => ok(undefined)) : kept;
    return ok({
      runId: session.runId,
      outcome: outcome.value,
      state: session.state,
      cleanUp: stamped.then(left ?? cleanUp),
    });
  }

  async #keep(session: JobSession, context: RemoteLinuxVmContext, owner: string, secs: number) {
    const place = this.#parts.backends.leasePlace(context);
    const expiresAtMs = this.#parts.hostTime.now() + secs * 1000;
    const { host } = this.#parts.ports.shell;
    return keepMachine({ place, host, session, lease: { owner, expiresAtMs } });
  }

  /** Not the caller's signal: from here on a cancel goes through the supervisor. The API's own bounds hold. */
  #start(guest: Guest, job: JobSpec) {
    return guest.start(buildGuestRequest(job), job.secrets, { signal: new AbortController().signal });
  }

  async #stage(
    session: JobSession,
    { workspace, scan }: Launch['input'],
    signal: AbortSignal,
  ): Promise<Result<WorkspaceSnapshot, JobFault>> {
    const { ports, stageSnapshot } = this.#parts;
    const scanned = await scan();
    if (scanned.isErr()) return err(workspaceFault(scanned.error, ports.shell.host));
    const snapshot = scanned.value;
    const onProgress = ({ bytes, totalBytes }: StageProgress) =>
      session.emit({ type: 'upload_progress', bytes, total_bytes: totalBytes });
    const rescan = () => ports.scanner.scan(workspace, { signal });
    const staged = await stageSnapshot.stage(snapshot, { signal, onProgress, rescan });
    return staged.map(() => snapshot);
  }

  #notStarted(fault: GuestFault, guest: Guest): JobFault {
    const message = `the job could not be started in ${guest.description}: ${fault.message}`;
    const cause = fault.cause === undefined ? {} : { cause: fault.cause };
    return { kind: 'guest', phase: 'launch_guest', host: this.#parts.ports.shell.host, message, ...cause };
  }

  #cancelled(): JobFault {
    const { host } = this.#parts.ports.shell;
    return {
      kind: 'cancelled',
      phase: 'launch_guest',
      host,
      message: 'cancelled before the machine was made',
    };
  }

  #invalid(what: string, issue: { path: PropertyKey[]; message: string } | undefined): JobFault {
    const field = [what, ...(issue?.path ?? []).map(String)].join('.');
    const message = `${field}: ${issue?.message ?? 'is not valid'}`;
    return { kind: 'invalid_job', phase: null, host: this.#parts.ports.shell.host, message, field };
  }
}
