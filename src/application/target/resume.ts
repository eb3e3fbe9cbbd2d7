import { err, ok, type Result } from 'neverthrow';
import type { JobRecord } from '../../domain/job/job-record.js';
import { jobStateLayout, runStateLayout } from '../../domain/records/run-layout.js';
import type { RunRecord } from '../../domain/records/run-record.js';
import { nodesOf } from '../../domain/records/run-standing.js';
import { EventFile } from '../events/event-file.js';
import type { JobFault } from '../faults/job-fault.js';
import type { AttachJob } from '../job/attach-job.js';
import { loadJobRecord } from '../job/job-record-file.js';
import { JobLock } from '../lock/job-lock.js';
import { loadPlan } from '../records/load-plan.js';
import { loadPreparedOutputs } from '../records/load-prepared-outputs.js';
import { loadRunRecord } from '../records/load-run-record.js';
import { SecretMasker } from '../secrets/secret-masker.js';
import { bringRunBack } from './bring-run-back.js';
import { CancelWatch } from './cancel-watch.js';
import { copyOfRun } from './copy-of-run.js';
import { enterGroup } from './enter-group.js';
import { resolveTargetSecrets } from './job-input.js';
import { isLeftRunning } from './left-running.js';
import { openNodesOf } from './open-nodes.js';
import { planOf, type RecordedRun } from './recorded-plan.js';
import { optionsOf, runStateJobFault } from './rerun.js';
import { ResumeJob } from './resume-job.js';
import { RunRecorder } from './run-recorder.js';
import type { RunTargetParts } from './run-target-parts.js';
import { forgetRunCopy, takeRunCopy } from './take-run-copy.js';
import { TargetExecution } from './target-execution.js';
import type { ResumeOptions, RunTargetInput, TargetRun } from './target-run.js';
import { whyNotUntrusted, withheldSecrets } from './untrusted-plan.js';

export interface ResumeAt {
  readonly parts: RunTargetParts;
  readonly attachJob: Pick<AttachJob, 'attach'>;
}

/**
 * Goes on with a run whose runner is gone, under its own id and in its own records: jobs that still run are taken up, those that have ended
 * meanwhile are collected, and the rest of the plan is run. A run that has ended is given as it ended.
 */
export async function resume(
  at: ResumeAt,
  runId: string,
  options: ResumeOptions,
): Promise<Result<TargetRun, JobFault>> {
  const { ports, settings } = at.parts;
  const brought = await bringRunBack(at.parts, runId, options);
  if (brought.isErr()) return err(brought.error);
  const found = await load(at, runId, options);
  if (found.isErr()) return err(found.error);
  const fault = whyNot(at, found.value.run);
  if (fault !== null) return err(fault);
  if (found.value.run.status !== 'interrupted') return ok(endedRun(at, found.value));
  const { runDir } = runStateLayout(settings.stateRoot, runId);
  const locked = await JobLock.take(ports, runDir, options.signal ?? new AbortController().signal);
  if (locked.isErr()) return err(locked.error);
  await using _ = locked.value;
  // Whoever had the lock may have ended the run meanwhile.
  const again = await load(at, runId, options);
  if (again.isErr()) return err(again.error);
  if (again.value.run.status !== 'interrupted') return ok(endedRun(at, again.value));
  return await goOn(at, again.value, options);
}

async function load(
  { parts }: ResumeAt,
  runId: string,
  { signal }: ResumeOptions,
): Promise<Result<RecordedRun, JobFault>> {
  const { localFiles: files, processes } = parts.ports;
  const query = { stateRoot: parts.settings.stateRoot, runId, signal };
  const run = await loadRunRecord({ files, processes }, query);
  if (run.isErr()) return err(runStateJobFault(files.host, run.error));
  const plan = await loadPlan(files, query);
  if (plan.isErr()) return err(runStateJobFault(files.host, plan.error));
  const isLeft = await isLeftRunning({ files, processes }, query.stateRoot, run.value);
  return ok({ run: isLeft ? { ...run.value, status: 'interrupted' } : run.value, plan: plan.value });
}

function whyNot({ parts }: ResumeAt, run: RunRecord): JobFault | null {
  const { settings, ports } = parts;
  const fault = (kind: JobFault['kind'], field: string, message: string): JobFault => ({
    kind,
    phase: null,
    host: ports.shell.host,
    message,
    field,
  });
  if (run.options?.trust === 'untrusted' && settings.trust !== 'untrusted') {
    const message = `${run.run_id} is a run that is not trusted, and goes on as such: --trust untrusted, or PIKACI_TRUST=untrusted`;
    return fault('not_trusted', 'trust', message);
  }
  if (run.status === 'running') {
    const who = run.runner === undefined ? '' : `: the process ${run.runner.pid} of ${run.runner.hostname}`;
    return fault(
      'job_in_use',
      'run',
      `${run.run_id} still runs, or a job of it does, and somebody follows it${who}`,
    );
  }
  if (run.status !== 'interrupted') return null;
  if (run.host !== null && run.host !== ports.shell.host)
    return fault(
      'config_mismatch',
      'host',
      `${run.run_id} runs on ${run.host}, and the configuration says ${ports.shell.host}`,
    );
  if (run.options !== undefined && run.options.backend !== settings.backend)
    return fault(
      'config_mismatch',
      'backend',
      `${run.run_id} runs on ${run.options.backend}, and the configuration says ${settings.backend}`,
    );
  return null;
}

/** Its runner may have died before it had cleaned up. */
function endedRun(at: ResumeAt, { run, plan }: RecordedRun): TargetRun {
  const state = runStateLayout(at.parts.settings.stateRoot, run.run_id);
  const standings = nodesOf(run, plan, 'ended').filter(({ kind }) => kind === 'prepare');
  return {
    runId: run.run_id,
    record: run,
    state,
    jobs: run.jobs.map((record) => ({
      jobId: record.id,
      kind: 'recorded',
      record,
      ...(record.status === 'failed' && record.allow_failure === true ? { allowed: true as const } : {}),
    })),
    prepares: standings.map(({ id, status, allow_failure: allowed }) => ({
      nodeId: id,
      kind: 'recorded',
      status,
      message: run.prepare_timings.find(({ node_id }) => node_id === id)?.message ?? null,
      ...(status === 'failed' && allowed === true ? { allowed } : {}),
    })),
    cleanUp: releaseBoth(
      at,
      run.run_id,
      run.jobs.map(({ id }) => id),
      Promise.resolve(ok(undefined)),
    ).then(async (released) => {
      await forgetRunCopy(at.parts, { runId: run.run_id, state });
      return released;
    }),
  };
}

async function goOn(
  at: ResumeAt,
  recorded: RecordedRun,
  options: ResumeOptions,
): Promise<Result<TargetRun, JobFault>> {
  const { ports, settings, env } = at.parts;
  const { run } = recorded;
  const refuse = (field: string, message: string) =>
    err({ kind: 'invalid_plan', phase: null, host: ports.shell.host, message, field } as const);
  const planned = planOf(recorded);
  if (planned.isErr()) return refuse('target', planned.error);
  const { target, plan } = planned.value;
  const open = await openNodesOf({ ...recorded, nodes: plan.nodes }, ports.localFiles, settings.stateRoot);
  const refused = settings.trust === 'untrusted' ? whyNotUntrusted(plan.nodes) : null;
  if (refused !== null) return refuse(refused.field, refused.message);
  const toRun = plan.nodes.filter(({ id }) => !open.settled.has(id));
  const secrets = resolveTargetSecrets(toRun, { trust: settings.trust, secrets: options.secrets, env });
  if (secrets.isErr()) return refuse(secrets.error.field, secrets.error.message);
  const asked: RunTargetInput = {
    ...optionsOf(run),
    target: run.target_id ?? '',
    workspace: run.source_root,
    ...(run.attempt === undefined ? {} : { attempt: run.attempt }),
    ...(run.rerun_of === null ? {} : { rerunOf: run.rerun_of }),
    ...options,
  };
  const scanned = await open.workspace(
    { ...ports, workDir: settings.workDir },
    { ...run, source_root: asked.workspace },
    options.signal,
  );
  if (scanned.isErr()) return err(scanned.error);
  const { concurrency } = target;
  const branch = run.git_branch === null ? {} : { branch: run.git_branch };
  const entered =
    concurrency === undefined
      ? ok(null)
      : // It is older than what goes on now, and cancels none of it.
        await enterGroup(at.parts, {
          concurrency: { ...concurrency, cancelInProgress: false },
          asked: { ...asked, ...branch },
          runId: run.run_id,
        });
  if (entered.isErr()) return err(entered.error);
  const group = entered.value;
  const state = runStateLayout(settings.stateRoot, run.run_id);
  const cancelWatch = new CancelWatch(ports.localFiles, ports.clock, state);
  const masker = new SecretMasker([...new Set(Object.values(secrets.value).flatMap(Object.values))]);
  const marked = await takeRunCopy(at.parts, { runId: run.run_id, state });
  if (marked.isErr()) await group?.leave();
  if (marked.isErr()) return err(marked.error);
  const runner = await ports.processes.self();
  const recorder = new RunRecorder(
    ports.localFiles,
    state,
    open.record({ ...run, source_root: asked.workspace }, runner),
    masker,
  );
  const jobs = await begunJobs(at.parts, run.run_id, toRun);
  const about = { runId: run.run_id, state, recorder, plan: recorded.plan, runner, jobs };
  const copy = copyOfRun(at.parts, { ...about, mark: marked.value });
  const ends = [options.signal ?? [], group?.ended ?? [], cancelWatch.asked, copy.superseded].flat();
  const input = { ...asked, signal: AbortSignal.any(ends) };
  await cancelWatch.forget();
  recorder.change({});
  await recorder.saved();
  const outputs = await loadPreparedOutputs(ports.localFiles, {
    stateRoot: settings.stateRoot,
    runId: run.run_id,
  });
  const eventFile = new EventFile(ports.localFiles, state.events);
  const runJob = new ResumeJob({
    ...at,
    localFiles: ports.localFiles,
    stateRoot: settings.stateRoot,
    recorder,
  });
  const withheld = settings.trust === 'untrusted' ? withheldSecrets(toRun) : [];
  const execution = new TargetExecution({
    parts: { ...at.parts, runJob },
    input,
    runId: run.run_id,
    state,
    plan,
    target,
    secrets: secrets.value,
    masker,
    saidOfSecrets: new Set(),
    recorder,
    eventFile,
    isFilteredOut: false,
    group,
    cancelWatch,
    copy,
    settled: open.settled,
    ...(scanned.value === null ? {} : { scanned: scanned.value }),
    earlierOutputs: outputs.isOk() ? (outputs.value?.outputs ?? []) : [],
    notes: ['it goes on, after its runner was gone', ...withheld],
  });
  const ended = await execution.execute();
  await recorder.saved();
  await eventFile.flushed();
  const cleanUp = releaseBoth(at, run.run_id, [...open.settled.keys()], ended.cleanUp);
  return ok({ runId: run.run_id, record: recorder.record, state, ...ended, cleanUp });
}

/** Jobs that may have begun, as they are recorded. */
async function begunJobs(
  { ports, settings }: RunTargetParts,
  runId: string,
  nodes: readonly { readonly id: string }[],
): Promise<readonly JobRecord[]> {
  const records = nodes.map(({ id }) =>
    loadJobRecord(ports.localFiles, jobStateLayout(settings.stateRoot, runId, id)),
  );
  return (await Promise.all(records)).flatMap((record) => (record.isOk() ? [record.value] : []));
}

/** What jobs have left on the host whose end was recorded before their runner was gone, and what those of this one leave. */
async function releaseBoth(
  { attachJob }: ResumeAt,
  runId: string,
  settled: readonly string[],
  own: TargetRun['cleanUp'],
): TargetRun['cleanUp'] {
  const found = await Promise.all(settled.map((id) => attachJob.attach(runId, id, {})));
  // A node that is no job of this run has nothing there.
  const released = found.flatMap((one) => (one.isOk() ? [one.value.cleanUp] : []));
  const results = await Promise.all([own, ...released]);
  return results.find((result) => result.isErr()) ?? ok(undefined);
}
