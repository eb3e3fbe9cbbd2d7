import { randomBytes } from 'node:crypto';
import { err, ok, type Result } from 'neverthrow';
import { buildGuestRequest } from '../../domain/job/guest-request.js';
import { cachesOf } from '../../domain/job/job-caches.js';
import type { JobRecord } from '../../domain/job/job-record.js';
import { type JobSpec, jobSpecSchema } from '../../domain/job/job-spec.js';
import { withoutSecretIds } from '../../domain/job/job-step.js';
import { type RunFacts, withRunVariables } from '../../domain/job/run-variables.js';
import type { StagedArtifacts } from '../../domain/mounts/artifacts-mount.js';
import { jobStateLayout } from '../../domain/records/run-layout.js';
import { runIdSchema } from '../../domain/values/identifier.js';
import { workspaceSchema } from '../../domain/values/path-rules.js';
import { type KeyProblem, whyNoKey } from '../../domain/values/proto-key.js';
import { runIdAt } from '../../domain/values/run-id.js';
import { whyNoNumber } from '../../domain/values/whole-number.js';
import type { WorkspaceSnapshot } from '../../ports/workspace-scanner.js';
import { wantedCaches } from '../cache/wanted-caches.js';
import { makeStateRoot } from '../directories/state-root.js';
import type { JobFault } from '../faults/job-fault.js';
import type { HostTime } from '../lease/host-time.js';
import type { JobLock } from '../lock/job-lock.js';
import type { AcquiredMachine, AcquireMachine, PlannedMachine } from '../machine/acquire-machine.js';
import type { WarmPool } from '../machine/incus/warm-pool.js';
import type { MachineBackends } from '../machine/machine-backends.js';
import { withRequests } from '../machine/machine-spec.js';
import { otherArchitecture } from '../machine/other-architecture.js';
import { SecretMasker } from '../secrets/secret-masker.js';
import { warnOfShort } from '../secrets/warn-of-short.js';
import {
  type AcquireTogether,
  acquireWithServices,
  type ServedMachine,
} from '../services/acquire-with-services.js';
import type { JobServices } from '../services/job-services.js';
import type { JobPorts } from '../settings/job-ports.js';
import type { JobSettings } from '../settings/job-settings.js';
import { scanAhead } from '../snapshot/scan-ahead.js';
import type { StageSnapshot } from '../snapshot/stage-snapshot.js';
import { JobTrace } from '../trace/job-trace.js';
import { bootRequest } from './boot-request.js';
import { claimJobState } from './claim-job-state.js';
import type { CompleteJob } from './complete-job.js';
import type { JobRun } from './job-call.js';
import { forgetRecord } from './job-record-file.js';
import { JobSession } from './job-session.js';
import { mayHaveBegun } from './may-have-begun.js';
import { factsOf, newJobRecord } from './new-job-record.js';
import { saveNewRecord } from './record-on-host.js';
import type { RunJobCall } from './run-job-call.js';
import { stageForJob } from './stage-for-job.js';

export interface RunJobParts {
  readonly ports: JobPorts;
  readonly settings: Pick<JobSettings, 'stateRoot' | 'trust' | 'leaseMs' | 'incusCapacity' | 'quotaWaitMs'>;
  readonly backends: MachineBackends;
  readonly stageSnapshot: StageSnapshot;
  readonly acquireMachine: AcquireMachine;
  readonly completeJob: CompleteJob;
  readonly jobServices: JobServices;
  readonly hostTime: HostTime;
  /** What a job has taken of it is replaced behind its result. */
  readonly warmPool: Pick<WarmPool, 'refill'>;
}

type Scan = NonNullable<RunJobCall['scan']>;

/** One job, from its description to its outcome: check, claim, acquire a machine, complete. */
export class RunJob {
  readonly #parts: RunJobParts;

  constructor(parts: RunJobParts) {
    this.#parts = parts;
  }

  async run(input: RunJobCall): Promise<Result<JobRun, JobFault>> {
    const { ports, settings } = this.#parts;
    const signal = input.signal ?? new AbortController().signal;
    const checked = this.#check(input);
    if (checked.isErr()) return err(checked.error);
    const { job, runId } = checked.value;
    const unserved = this.#parts.jobServices.check(job.services ?? [], input.serviceBases ?? new Map());
    if (unserved !== null) return err(this.#fault('job.services', unserved));
    // In a cluster the member was chosen by it.
    const other = input.placed === undefined ? await otherArchitecture(ports.shell, job.arch, signal) : null;
    if (other !== null) return err(signal.aborted ? beforeItBegan(other) : other);
    const state = jobStateLayout(settings.stateRoot, runId, job.id);
    const scan = input.scan ?? scanAhead(ports.scanner, input.workspace, signal);
    const rooted = await makeStateRoot(ports.localFiles, settings.stateRoot);
    if (rooted.isErr()) return err(rooted.error);
    const claimed = await claimJobState(ports, state, signal);
    if (claimed.isErr()) return err(claimed.error);
    await using lock = claimed.value;

    const { localFiles, clock, shell } = ports;
    const { events, jobAttempt = 1 } = input;
    const secrets = Object.values(job.secrets);
    const parent = input.traceparent === undefined ? {} : { parent: input.traceparent };
    const { tracer } = ports;
    const trace = new JobTrace({ tracer, runId, jobId: job.id, startMs: clock.now(), ...parent });
    const session = new JobSession({
      runId,
      job,
      state,
      secrets,
      localFiles,
      clock,
      events,
      trace,
      attempt: jobAttempt,
    });
    const which = jobAttempt === 1 ? {} : { attempt: jobAttempt };
    const { name: backend } = this.#parts.backends;
    session.emit({ type: 'job_started', host: shell.host, backend, ...placeOf(input), ...which });
    warnOfShort(job.secrets, (message) => session.warn(message), input.saidOfSecrets ?? new Set());

    const { traceparent } = trace;
    const { hostTime, jobServices } = this.#parts;
    const acquired = await acquireWithServices({ ports, hostTime }, jobServices, {
      job: session,
      specs: job.services ?? [],
      bases: input.serviceBases ?? new Map(),
      leaseMs: settings.leaseMs,
      quotaWaitMs: settings.quotaWaitMs,
      acquire: (together) => this.#acquire(session, { input, scan, together, traceparent }),
      isOurs: () => lock.isHeld(),
      signal,
    });
    if (acquired.isErr()) {
      const fault = session.masked(beforeItBegan(acquired.error));
      session.warn(fault.message);
      if (!mayHaveBegun(acquired.error, this.#parts.backends.name))
        await forgetRecord(localFiles, session, lock);
      await session.hostLog.flushed();
      trace.faulted(fault, clock.now());
      return err(fault);
    }
    for (const { path, key, hit, restored_key, restored_bytes, restore_ms } of acquired.value.caches ?? []) {
      const found = {
        ...(restored_key === undefined ? {} : { restored_key }),
        ...(restored_bytes === undefined ? {} : { bytes: restored_bytes }),
      };
      session.emit({ type: 'cache_restored', path, key, hit, ...found, duration_ms: restore_ms });
    }
    const ended = await this.#complete(session, acquired.value, { lock, input });
    if (ended.isErr()) trace.faulted(ended.error, clock.now());
    const { warmPool } = this.#parts;
    // First the machine goes: it may have the room that another needs.
    if (ended.isErr()) warmPool.refill();
    else void ended.value.cleanUp.finally(() => warmPool.refill());
    return ended;
  }

  #check(input: RunJobCall): Result<{ readonly job: JobSpec; readonly runId: string }, JobFault> {
    const parsed = jobSpecSchema.safeParse(input.job);
    const unreadable = whyNoKey(input.job);
    if (unreadable !== null) return err(this.#invalid('job', unreadable));
    if (!parsed.success) return err(this.#invalid('job', parsed.error.issues[0]));
    const bad = whyNoNumber([{ name: 'keepOnFailureSecs', value: input.keepOnFailureSecs, least: 1 }]);
    if (bad !== null) return err(this.#fault(bad.name, bad.message));
    const workspace = workspaceSchema.safeParse(input.workspace);
    if (!workspace.success) return err(this.#invalid('workspace', workspace.error.issues[0]));
    const { clock } = this.#parts.ports;
    const runId = runIdSchema.safeParse(input.runId ?? runIdAt(clock.now(), randomBytes(3)));
    if (!runId.success) return err(this.#invalid('runId', runId.error.issues[0]));
    const job = withoutSecretIdsIn(parsed.data);
    return ok({ job, runId: runId.data });
  }

  /** The record is saved while the machine is made, so that a runner that dies now leaves all that `attach` needs. */
  #acquire(
    session: JobSession,
    {
      input,
      scan,
      together,
      traceparent,
    }: {
      readonly input: RunJobCall;
      readonly scan: Scan;
      readonly together: AcquireTogether;
      readonly traceparent: string | null;
    },
  ): Promise<Result<AcquiredMachine<JobRecord>, JobFault>> {
    const { ports, settings, stageSnapshot, acquireMachine, backends } = this.#parts;
    const { workspace, keepOnFailureSecs, jobAttempt = 1, earlierAttempts: earlier = [] } = input;
    const { job, runId, state } = session;
    const attempt = input.attempt === undefined ? 1 : input.attempt;
    const told = { runId, jobId: job.id, attempt, jobAttempt };
    const place = { runId, jobId: session.machineId, ...(input.base && { base: input.base }) };
    let facts: RunFacts = { ...told, commit: null, branch: input.branch ?? null, traceparent };
    let scanned: WorkspaceSnapshot | null = null;
    let artifacts: readonly StagedArtifacts[] = [];
    const record = async (made: PlannedMachine): Promise<Result<JobRecord, JobFault>> => {
      const nowMs = ports.clock.now();
      const { daemon } = backends;
      const from = { base: input.base, target: input.target, placed: input.placed, daemon, earlier };
      const fresh = newJobRecord({ session, made, workspace, nowMs, keepOnFailureSecs, facts, ...from });
      const warn = (message: string) => session.warn(message);
      return await saveNewRecord(ports, { state, machine: made.machine, copies: input.copies, warn }, fresh);
    };
    return acquireMachine.acquire({
      place,
      spec: { ...withRequests(job, settings.incusCapacity), waitedMs: input.waitedMs ?? 0 },
      boot: () => bootRequest(withRunVariables(job, facts), keepOnFailureSecs ?? 0),
      journal: session,
      caches: async () => {
        if (scanned === null || cachesOf(job).length === 0) return [];
        const { trust } = settings;
        const warn = (message: string) => session.warn(message);
        return await wantedCaches({ job, snapshot: scanned, trust, callersBranch: input.branch, warn });
      },
      artifactsFrom: () => artifacts,
      stage: async (whileUseful) => {
        const there = { stageSnapshot, hostFiles: ports.hostFiles, shell: ports.shell };
        const call = { there, scan, input, journal: session, signal: whileUseful };
        return (await stageForJob(call)).map(({ snapshot, artifacts: given }) => {
          artifacts = given;
          const { hash = null, branch = null } = snapshot.commit ?? {};
          facts = { ...facts, commit: hash, branch: input.branch ?? branch };
          scanned = snapshot;
          return snapshot;
        });
      },
      record,
      ...together,
    });
  }

  #complete(
    session: JobSession,
    { machine, record: made, owner, settled, services, notReady }: ServedMachine<JobRecord>,
    { lock, input }: { readonly lock: JobLock; readonly input: RunJobCall },
  ): Promise<Result<JobRun, JobFault>> {
    const { job } = session;
    const record = services === undefined ? made : { ...made, services: services.record };
    return this.#parts.completeJob.complete({
      session,
      machine,
      record,
      owner,
      settled,
      lock,
      isNew: true,
      ...(services === undefined ? {} : { services }),
      ...(notReady === undefined ? {} : { notReady }),
      // Not the caller's signal: from here on a cancel goes through the supervisor. The API's own bounds hold.
      start: (told) =>
        machine.supervisor.start(buildGuestRequest(withRunVariables(job, factsOf(record))), job.secrets, {
          signal: new AbortController().signal,
          ...told,
        }),
      options: input,
      ...(input.isRetried === undefined ? {} : { isRetried: input.isRetried }),
    });
  }

  #invalid(what: string, issue: KeyProblem | undefined): JobFault {
    const field = [what, ...(issue?.path ?? []).map(String)].join('.');
    return this.#fault(field, `${field}: ${issue?.message ?? 'is not valid'}`);
  }

  #fault(field: string, message: string): JobFault {
    return { kind: 'invalid_job', phase: null, host: this.#parts.ports.shell.host, message, field };
  }
}

function placeOf({ placed }: RunJobCall): { readonly member?: string; readonly placed_because?: string } {
  return placed === undefined ? {} : { member: placed.member, placed_because: placed.reason };
}

function withoutSecretIdsIn(job: JobSpec): JobSpec {
  if (job.steps === undefined) return job;
  const masker = new SecretMasker(Object.values(job.secrets));
  const isSecret = (text: string) => masker.maskText(text) !== text;
  return { ...job, steps: withoutSecretIds<NonNullable<JobSpec['steps']>[number]>(job.steps, isSecret) };
}

/** Whatever was under way when the signal fired: no job was there yet. */
function beforeItBegan(fault: JobFault): JobFault {
  return fault.kind === 'cancelled' ? { ...fault, message: 'cancelled before the job had begun' } : fault;
}
