import type { JobRecord } from '../../domain/job/job-record.js';
import { attemptsOf, type JobAttempt } from '../../domain/job/job-retry.js';
import type { JobSpec } from '../../domain/job/job-spec.js';
import type { RunFacts } from '../../domain/job/run-variables.js';
import type { PlannedMachine } from '../machine/acquire-machine.js';
import type { MachineBaseSource } from '../machine/machine-spec.js';
import { maskedEnvironment } from '../secrets/masked-environment.js';
import type { SecretMasker } from '../secrets/secret-masker.js';
import type { JobSession } from './job-session.js';

export interface NewJobRecord {
  readonly session: JobSession;
  readonly made: PlannedMachine;
  readonly workspace: string;
  /** Since the epoch. */
  readonly nowMs: number;
  readonly keepOnFailureSecs: number | undefined;
  readonly facts: RunFacts;
  /** Attempts before this one. */
  readonly earlier: readonly JobAttempt[];
  /** That has the machine; null where it is not known. */
  readonly daemon: string | null;
  /** Of its run, where it has one. */
  readonly target?: string | undefined;
  /** Where in a cluster, where that was chosen. */
  readonly placed: { readonly member: string; readonly reason: string } | undefined;
  /** What the machine was made from, where that was said. */
  readonly base: MachineBaseSource | undefined;
}

/** A job for its record: without its secrets, also where one stands in what is run. Patterns stay: whoever takes the job up goes by them. */
function maskedSpec({ secrets: _, ...job }: JobSpec, masker: SecretMasker): Omit<JobSpec, 'secrets'> {
  const mask = (text: string) => masker.maskText(text);
  const unmasked: readonly NonNullable<JobSpec['steps']>[number][] | undefined = job.steps;
  const steps = unmasked?.map((step) => ({
    ...step,
    name: mask(step.name),
    command: mask(step.command),
    shell: step.shell.map(mask),
    env: maskedEnvironment(step.env, masker),
  }));
  return {
    ...job,
    env: maskedEnvironment(job.env, masker),
    ...(job.command === undefined ? {} : { command: mask(job.command) }),
    ...(job.shell === undefined ? {} : { shell: job.shell.map(mask) }),
    ...(steps === undefined ? {} : { steps }),
  };
}

/** What is recorded of a job while its machine is made: all that `attach` needs, and the names of its secrets only. */
export function newJobRecord({ session, made, ...input }: NewJobRecord): JobRecord {
  const { context } = made.machine;
  const now = new Date(input.nowMs).toISOString();
  const { secrets } = session.job;
  const spec = maskedSpec(session.job, session.masker);
  const keep = input.keepOnFailureSecs;
  const { commit, branch, attempt, jobAttempt = 1, traceparent } = input.facts;
  return {
    schema_version: 1,
    run_id: session.runId,
    job_id: session.job.id,
    created_at: now,
    host: context.shared.remoteHost,
    backend: context.backend,
    work_dir: context.shared.remoteWorkDir,
    workspace: input.workspace,
    snapshot_hash: made.snapshotHash,
    job_spec: spec,
    secret_names: Object.keys(secrets),
    incus_project: context.backend === 'incus' ? context.incusProject : null,
    incus_profile: context.backend === 'incus' ? context.incusProfile : null,
    ...(input.daemon === null ? {} : { incus_daemon: input.daemon }),
    ...(input.placed === undefined
      ? {}
      : { incus_member: input.placed.member, placed_because: input.placed.reason }),
    incus_image: made.image,
    ...(input.base?.copyOf === undefined ? {} : { template_instance: input.base.copyOf.instance }),
    instance_name: context.backend === 'incus' ? context.incusInstanceName : null,
    ...(made.acquired === undefined ? {} : { acquired: made.acquired }),
    ...(input.target === undefined ? {} : { target_id: input.target }),
    ...(commit === null ? {} : { git_head: commit }),
    ...(branch === null ? {} : { git_branch: branch }),
    ...(attempt === null ? {} : { run_attempt: attempt }),
    ...(traceparent === null ? {} : { traceparent }),
    ...attemptsOf(jobAttempt, input.earlier),
    ...(made.machine.acquisition === null ? {} : { acquisition: made.machine.acquisition }),
    launched_at: now,
    // A microVM starts its job as it boots.
    handed_over_at: context.backend === 'microvm' ? now : null,
    ...(keep === undefined ? {} : { keep_on_failure: true, keep_on_failure_secs: keep }),
    ...(made.caches === undefined ? {} : { caches: [...made.caches] }),
    outcome: null,
  };
}

/** What the job is told of its run, by whoever starts it. */
export function factsOf(record: JobRecord): RunFacts {
  return {
    runId: record.run_id,
    jobId: record.job_id,
    commit: record.git_head ?? null,
    branch: record.git_branch ?? null,
    attempt: record.run_attempt ?? null,
    traceparent: record.traceparent ?? null,
    jobAttempt: record.attempt ?? 1,
  };
}
