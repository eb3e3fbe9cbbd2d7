import { err, ok, type Result } from 'neverthrow';
import { isFinal } from '../../domain/events/run-status.js';
import { cachesOf } from '../../domain/job/job-caches.js';
import { jobRecordSchema } from '../../domain/job/job-record.js';
import { remoteLayout } from '../../domain/machine/remote-layout.js';
import type { PlanRecord } from '../../domain/records/plan-record.js';
import { UNKNOWN_WORKSPACE } from '../../domain/records/run-copy-layout.js';
import { jobStateLayout } from '../../domain/records/run-layout.js';
import type { RunRecord } from '../../domain/records/run-record.js';
import type { PlanNode } from '../../domain/target/plan.js';
import type { FileStore } from '../../ports/file-store.js';
import type { ProcessIdentity } from '../../ports/processes.js';
import type { RemoteShell } from '../../ports/remote-shell.js';
import type { WorkspaceScanner, WorkspaceSnapshot } from '../../ports/workspace-scanner.js';
import type { JobFault } from '../faults/job-fault.js';
import { workspaceFault } from '../faults/port-faults.js';
import { readRecord } from '../records/read-record.js';
import type { SettledNode, SettledNodes } from './settled-nodes.js';

interface WorkspacePlace {
  readonly scanner: WorkspaceScanner;
  readonly shell: RemoteShell;
  readonly hostFiles: FileStore;
  readonly workDir: string;
}

interface InterruptedPlan {
  readonly run: RunRecord;
  readonly plan: PlanRecord;
  readonly nodes: readonly PlanNode[];
}

/** What of an interrupted run has ended, and what is still to be done. */
export async function openNodesOf(
  { run, nodes }: InterruptedPlan,
  files: FileStore,
  stateRoot: string,
): Promise<OpenNodes> {
  const ended = new Map<string, SettledNode>();
  for (const job of run.jobs) {
    // What was skipped is looked at again: what it waits for may have passed since.
    const isSettled = isFinal(job.status) && job.status !== 'interrupted' && job.status !== 'skipped';
    const { status, allow_failure, not_needed, message } = job;
    if (isSettled) ended.set(job.id, { status, allow_failure, not_needed, message, job });
  }
  for (const timing of run.prepare_timings) {
    const { node_id: id, status = timing.ok ? 'passed' : 'failed', allow_failure, message } = timing;
    ended.set(id, { status, allow_failure, message, timing });
  }
  // What is open needs what was made for it, which is found made and held again.
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const open = nodes.flatMap(({ id }) => (ended.has(id) ? [] : [id]));
  for (let id = open.pop(); id !== undefined; id = open.pop())
    for (const need of byId.get(id)?.outputs ?? [])
      if (ended.get(need)?.status === 'passed') {
        ended.delete(need);
        open.push(need);
      }
  const toDo = nodes.filter(({ id }) => !ended.has(id));
  const readsFiles = toDo.some((node) => node.kind === 'prepare' || cachesOf(node.job).length > 0);
  let begun = true;
  for (const node of nodes) {
    if (ended.has(node.id)) continue;
    const { jobRecord } = jobStateLayout(stateRoot, run.run_id, node.id);
    // One whose attempt has ended gets another, in a machine that is still to be made.
    const record = await readRecord(files, jobRecord, jobRecordSchema);
    begun &&= node.kind === 'execute' && record.isOk() && record.value.will_retry !== true;
  }
  return new OpenNodes(ended, begun, readsFiles);
}

/** How a run goes on. */
export class OpenNodes {
  constructor(
    readonly settled: SettledNodes,
    /** Every job that is open has a machine: no file of the workspace is needed any more. */
    private readonly haveAllBegun: boolean,
    /** Something that is open reads the files of the workspace itself, on this machine or to make a name of them. */
    private readonly readsFiles: boolean,
  ) {}

  /** The record from now on: its runner is another, and what is open has not ended. */
  record(run: RunRecord, runner: ProcessIdentity): RunRecord {
    const jobs = run.jobs.map((job) =>
      this.settled.has(job.id)
        ? job
        : { ...job, status: 'pending' as const, message: null, finished_at: null, not_needed: undefined },
    );
    const timings = run.prepare_timings.filter(({ node_id }) => this.settled.has(node_id));
    const begun = { status: 'running' as const, message: null, finished_at: null, runner: { ...runner } };
    return { ...run, ...begun, jobs, prepare_timings: timings };
  }

  /** All jobs of a run have the same files: others than those that it began with are refused. Null when none are needed, or none were read. */
  async workspace(
    { scanner, shell, hostFiles, workDir }: WorkspacePlace,
    run: RunRecord,
    signal: AbortSignal | undefined,
  ): Promise<Result<WorkspaceSnapshot | null, JobFault>> {
    const { run_id: id, source_root: root, snapshot_dir: snapshot } = run;
    if (this.haveAllBegun) return ok(null);
    if (root === UNKNOWN_WORKSPACE) {
      const there = this.readsFiles ? null : await snapshotOnHost({ hostFiles, workDir }, run, signal);
      if (there !== null) return ok(there);
      const message = `the records of ${id} came from ${shell.host}, which has no say in what is sent from this machine: name the folder that has the files of the run (--workspace), as jobs that are still to begin need them`;
      return err({ kind: 'invalid_plan', phase: null, host: shell.host, message, field: 'workspace' });
    }
    if (snapshot === null) return ok(null);
    const scanned = await scanner.scan(root, signal === undefined ? {} : { signal });
    if (scanned.isErr()) return err(workspaceFault(scanned.error, shell.host));
    if (snapshot.split('/').includes(scanned.value.contentHash)) return ok(scanned.value);
    const message = `${root} has other files than ${id} began with, and all its jobs have the same: "pikaci attach ${id} JOB" collects those that have begun, and "pikaci rerun ${id}" runs all of it on these`;
    return err({ kind: 'invalid_plan', phase: null, host: shell.host, message, field: 'workspace' });
  }
}

/** The files that the run began with, as the host has them: mounted where they are, and read by nobody here. Null where they are not there. */
async function snapshotOnHost(
  { hostFiles, workDir }: Pick<WorkspacePlace, 'hostFiles' | 'workDir'>,
  { run_id: runId, snapshot_dir: snapshot, git_head: hash, git_branch: branch }: RunRecord,
  signal: AbortSignal | undefined,
): Promise<WorkspaceSnapshot | null> {
  const contentHash = snapshot?.split('/').find((part) => /^[0-9a-f]{64}$/.test(part));
  if (contentHash === undefined) return null;
  const place = { runId, jobId: '', remoteWorkDir: workDir, snapshotHash: contentHash };
  const there = await hostFiles.lstat(
    remoteLayout(place).remoteSnapshotDir,
    signal === undefined ? {} : { signal },
  );
  if (there.isErr() || there.value.type !== 'directory') return null;
  const commit = hash === null ? {} : { commit: { hash, branch } };
  const nothing = { root: UNKNOWN_WORKSPACE, entries: [], contents: [], totalBytes: 0 };
  return { ...nothing, contentHash, isOnHostOnly: true, ...commit };
}
