import { err, ok, type Result } from 'neverthrow';
import { isFinal, type RunStatus } from '../../domain/events/run-status.js';
import { coverageSums } from '../../domain/job/coverage-report.js';
import type { JobOutcome } from '../../domain/job/job-outcome.js';
import { jobRecordSchema } from '../../domain/job/job-record.js';
import { attemptsOf } from '../../domain/job/job-retry.js';
import { testSums } from '../../domain/job/test-report.js';
import { jobStateLayout } from '../../domain/records/run-layout.js';
import { type RunJobRecord, type RunRecord, runRecordSchema } from '../../domain/records/run-record.js';
import { nodesOf, runProblemOf, runStatusOf } from '../../domain/records/run-standing.js';
import { jobIdSchema } from '../../domain/values/identifier.js';
import { hasEnded, interruptedJobs, isFollowed, type RecordPorts } from './interrupted-run.js';
import { loadPlan } from './load-plan.js';
import { loadSteps } from './load-steps.js';
import { whyOutOfSight } from './out-of-sight.js';
import { readRecord } from './read-record.js';
import { type RunQuery, runLayoutFor } from './run-layout-for.js';
import type { RunStateFault } from './run-state-fault.js';

/**
 * What `run.json` says, brought up to date: a job that ended after its runner was gone (`attach`) has its outcome in its own
 * record, one that goes on has its steps in a file of their own, and what lost its runner is `interrupted`. How the run stands follows from that.
 */
export async function loadRunRecord(
  ports: RecordPorts,
  query: RunQuery,
): Promise<Result<RunRecord, RunStateFault>> {
  const { files } = ports;
  const run = runLayoutFor(query.stateRoot, query.runId);
  if (run.isErr()) return err(run.error);
  const read = await readRecord(files, run.value.runRecord, runRecordSchema, query.signal);
  if (read.isErr()) {
    if (read.error.kind !== 'missing') return err(read.error);
    const message = `there is no run ${query.runId}: ${run.value.runRecord} does not exist`;
    return err({ kind: 'no_such_run', path: run.value.runRecord, message, cause: read.error.cause });
  }
  const record = read.value;
  if (record.run_id !== query.runId) {
    const message = `${run.value.runRecord} cannot be read: it is the record of another run`;
    return err({ kind: 'damaged', path: run.value.runRecord, message });
  }
  const jobs = await Promise.all(record.jobs.map((job) => refreshStatuses(ports, query, job)));
  const hasChanged = jobs.some((job, index) => job !== record.jobs[index]);
  if (record.status !== 'running' && !hasChanged) return ok(record);
  return ok(await withStanding(ports, query, { ...record, jobs }));
}

async function withStanding(ports: RecordPorts, query: RunQuery, record: RunRecord): Promise<RunRecord> {
  const ended = record.status !== 'running' || (await hasEnded(ports, record));
  const jobs = ended ? await interruptedJobs(ports, query.stateRoot, record) : record.jobs;
  const plan = await loadPlan(ports.files, query);
  const nodes = nodesOf({ ...record, jobs }, plan.isOk() ? plan.value : null, ended ? 'ended' : 'lives');
  const status = runStatusOf(nodes);
  if (status === 'running') {
    const message = ended ? null : await whyOutOfSight(ports, query.stateRoot, record);
    return { ...record, jobs, status, finished_at: null, ...(message === null ? {} : { message }) };
  }
  const finishedAt = [record.finished_at, ...jobs.map(({ finished_at: at }) => at)].flatMap((at) => at ?? []);
  return {
    ...record,
    jobs,
    status,
    message: runProblemOf(nodes) ?? whyInterrupted(record, status),
    finished_at: status === 'interrupted' ? record.finished_at : (finishedAt.sort().at(-1) ?? null),
  };
}

function whyInterrupted({ runner, message }: RunRecord, status: RunStatus): string | null {
  if (status !== 'interrupted') return status === 'skipped' ? message : null;
  return (
    message ??
    `its runner${runner === undefined ? '' : ` (process ${runner.pid} of ${runner.hostname})`} has ended`
  );
}

async function refreshStatuses(
  ports: RecordPorts,
  query: RunQuery,
  job: RunJobRecord,
): Promise<RunJobRecord> {
  // Its runner had to leave it, after which its own record may have gone on.
  const wasLeft =
    job.status === 'failed' && job.started_at !== null && job.remote_linux_vm_execution === null;
  if ((isFinal(job.status) && !wasLeft) || !jobIdSchema.safeParse(job.id).success) return job;
  const { files } = ports;
  const layout = jobStateLayout(query.stateRoot, query.runId, job.id);
  const own = await readRecord(files, layout.jobRecord, jobRecordSchema, query.signal);
  // Where it was not, after all, the run's own record says how it ended: it goes on with another attempt where its runner was killed in between.
  const isRetried = own.isOk() && own.value.will_retry === true;
  const outcome = own.isOk() && !isRetried ? own.value.outcome : null;
  let now = job;
  if (own.isOk() && outcome !== null)
    now = {
      ...job,
      ...recordedOutcome(outcome, own.value.backend),
      ...(job.next_attempt_at == null ? {} : { next_attempt_at: null }),
    };
  else if (wasLeft) {
    if (own.isOk() && (await isFollowed(ports, layout)))
      now = { ...job, status: 'running', message: null, finished_at: null };
  } else if (own.isOk() && own.value.attempt !== undefined)
    now = { ...job, ...attemptsOf(own.value.attempt, own.value.earlier_attempts ?? []) };
  if (isFinal(now.status)) return now;
  const steps = await loadSteps(files, { ...query, job: job.id });
  // A job that goes on is worth showing without them.
  return steps.isErr() || steps.value.length === 0 ? now : { ...now, steps: [...steps.value] };
}

/** What a run's record says of a job that has an outcome. */
export function recordedOutcome(outcome: JobOutcome, backend: 'incus' | 'microvm') {
  return {
    status: outcome.status,
    started_at: outcome.started_at,
    finished_at: outcome.status === 'detached' ? null : outcome.finished_at,
    exit_code: outcome.exit_code,
    message: outcome.message === '' ? null : outcome.message,
    ...attemptsOf(outcome.attempt ?? 1, outcome.earlier_attempts ?? []),
    ...(outcome.steps === undefined ? {} : { steps: outcome.steps }),
    ...(outcome.acquired === undefined ? {} : { acquired: outcome.acquired }),
    ...(outcome.caches === undefined ? {} : { caches: outcome.caches }),
    ...(outcome.test_report === undefined ? {} : { test_report: testSums(outcome.test_report) }),
    ...(outcome.coverage_report === undefined
      ? {}
      : { coverage_report: coverageSums(outcome.coverage_report) }),
    remote_linux_vm_execution: { backend, incus_image: outcome.incus_image, phases: outcome.phases },
  } satisfies Partial<RunJobRecord>;
}
