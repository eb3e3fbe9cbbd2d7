import { err, ok, type Result } from 'neverthrow';
import { isFinal } from '../../domain/events/run-status.js';
import type { PlanRecord } from '../../domain/records/plan-record.js';
import type { RunJobRecord, RunRecord } from '../../domain/records/run-record.js';
import { nodesOf } from '../../domain/records/run-standing.js';
import type { Plan } from '../../domain/target/plan.js';
import { type RerunSelection, selectAgain } from '../../domain/target/rerun-selection.js';
import type { WorkspaceScanner } from '../../ports/workspace-scanner.js';
import type { JobFault } from '../faults/job-fault.js';
import { workspaceFault } from '../faults/port-faults.js';
import type { TakenOver } from './run-target.js';
import type { SettledNode } from './settled-nodes.js';

export interface TakeOver {
  readonly run: RunRecord;
  readonly plan: PlanRecord;
  readonly selection: RerunSelection;
  readonly scanner: WorkspaceScanner;
  readonly workspace: string;
  readonly host: string;
  readonly signal: AbortSignal | undefined;
}

/** What a run that repeats a part of another need not run. What has passed counts for the files on which it has passed, and no others. */
export async function takeOver(at: TakeOver, plan: Plan): Promise<Result<TakenOver, JobFault>> {
  const { run, selection, host } = at;
  const refuse = (field: string, message: string) =>
    err({ kind: 'invalid_plan', phase: null, host, message: `${run.run_id}: ${message}`, field } as const);
  if (run.status === 'running')
    return refuse('run', 'it still runs; wait for it, or end it, before a part of it is run again');
  const standings = new Map(nodesOf(run, at.plan, 'ended').map((node) => [node.id, node]));
  const again = selectAgain(plan.nodes, standings, selection);
  if (again.isErr()) return refuse(selection.failed === true ? 'failed' : 'job', again.error);
  const settled = new Map<string, SettledNode>();
  for (const { id } of plan.nodes)
    if (!again.value.has(id)) settled.set(id, settledAs(run, id, standings.get(id)));
  if (![...settled.values()].some(({ job }) => job?.status === 'passed')) return ok({ settled });
  const scanned = await at.scanner.scan(at.workspace, at.signal === undefined ? {} : { signal: at.signal });
  if (scanned.isErr()) return err(workspaceFault(scanned.error, host));
  const { contentHash } = scanned.value;
  if (run.snapshot_dir?.split('/').includes(contentHash) !== true)
    return refuse(
      'workspace',
      `what passed there passed on other files than ${at.workspace} has now; "pikaci rerun ${run.run_id}" runs all of it on these`,
    );
  return ok({ settled, scanned: scanned.value });
}

function settledAs(
  run: RunRecord,
  id: string,
  standing: Pick<SettledNode, 'status' | 'allow_failure' | 'not_needed'> | undefined,
): SettledNode {
  const recorded = run.jobs.find((job) => job.id === id);
  if (recorded !== undefined) {
    const job = takenOverJob(run, recorded);
    const { status, allow_failure, not_needed, message } = job;
    return { status, allow_failure, not_needed, message, job };
  }
  const timing = run.prepare_timings.find(({ node_id }) => node_id === id);
  const { status = 'cancelled', ...more } = standing ?? {};
  const known = isFinal(status) && status !== 'interrupted' ? status : 'cancelled';
  const settled = { ...more, status: known, message: timing?.message ?? null };
  if (timing === undefined) return settled;
  return { ...settled, timing: { ...timing, taken_over_from: timing.taken_over_from ?? run.run_id } };
}

/** With where its logs are, which is the run that has run it. */
function takenOverJob(run: RunRecord, job: RunJobRecord): RunJobRecord {
  const over = { ...job, taken_over_from: job.taken_over_from ?? run.run_id };
  if (isFinal(job.status) && job.status !== 'interrupted') return over;
  return { ...over, status: 'cancelled', message: `it did not end in ${run.run_id}, and was not asked for` };
}
