import { randomBytes } from 'node:crypto';
import { err, ok, type Result } from 'neverthrow';
import { machinesDirOf } from '../../domain/records/machine-layout.js';
import { poolsDirOf, runsDirOf, templateLogsDirOf } from '../../domain/records/run-layout.js';
import type { RunRecord } from '../../domain/records/run-record.js';
import type { Clock } from '../../ports/clock.js';
import type { FileStore } from '../../ports/file-store.js';
import type { RecordPorts } from '../records/interrupted-run.js';
import { listRuns } from '../records/list-runs.js';
import { badNumber, type RunStateFault } from '../records/run-state-fault.js';
import { isDamagedForGood } from './damaged-runs.js';
import { type RemovedMachines, removeOldMachines } from './remove-old-machines.js';
import { isRunInUse } from './run-in-use.js';

/** No job runs longer than this: a run that says so is one whose runner was killed. */
const LONGEST_RUN_MS = 8 * 24 * 3600_000;
/** What was being made or removed this long ago was given up. */
const STALE_MS = 24 * 3600_000;

export interface GcRunsQuery {
  readonly stateRoot: string;
  /** The newest ones are kept. */
  readonly keepRuns: number;
  /** Say what would be removed, and remove nothing. */
  readonly dryRun?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Run ids. */
export interface GcRunsReport {
  readonly removed: readonly string[];
  /** Those among the removed whose record could not be read, and why; however new they are. */
  readonly damaged: readonly { readonly runId: string; readonly message: string }[];
  readonly kept: readonly string[];
  readonly failed: readonly { readonly runId: string; readonly message: string }[];
  /** Open machines that are gone, as many of which are kept. */
  readonly machines: RemovedMachines;
}

/** Removes the state of old runs, and of damaged ones. Runs that have not ended are kept, and those that a process follows or whose machines are kept. */
export async function gcRuns(
  ports: RecordPorts & { readonly clock: Clock },
  query: GcRunsQuery,
): Promise<Result<GcRunsReport, RunStateFault>> {
  const { files, clock } = ports;
  const listed = await listRuns(ports, query);
  if (listed.isErr()) return err(listed.error);
  const bad = badNumber([{ name: 'keepRuns', value: query.keepRuns ?? null }]);
  if (bad !== null) return err(bad);
  const { runs, damaged } = listed.value;
  const old = new Set(runs.slice(query.keepRuns));
  const removed: string[] = [];
  const failed: { runId: string; message: string }[] = [];
  for (const run of old) {
    if (!mayGo(run, clock.now())) continue;
    if (await isRunInUse(ports, { ...query, runId: run.run_id, nowMs: clock.now() })) continue;
    const gone = query.dryRun === true ? ok(undefined) : await removeRun(files, query, run.run_id);
    if (gone.isOk()) removed.push(run.run_id);
    else failed.push({ runId: run.run_id, message: gone.error.message });
  }
  const lost: { runId: string; message: string }[] = [];
  const longAgo = clock.now() - LONGEST_RUN_MS;
  for (const one of damaged) {
    const { runId } = one;
    if (!(await isDamagedForGood(ports, { ...query, runId, longAgo }))) continue;
    const gone = query.dryRun === true ? ok(undefined) : await removeRun(files, query, runId);
    if (gone.isErr()) failed.push({ runId, message: gone.error.message });
    else {
      removed.push(runId);
      lost.push(one);
    }
  }
  if (query.dryRun !== true) await removeStale(ports, query);
  const kept = [...runs.map((run) => run.run_id), ...damaged.map(({ runId }) => runId)].filter(
    (id) => !removed.includes(id),
  );
  const machines = await removeOldMachines(ports, {
    stateRoot: query.stateRoot,
    keep: query.keepRuns,
    dryRun: query.dryRun === true,
  });
  return ok({ removed, damaged: lost, kept, failed, machines });
}

function mayGo(run: RunRecord, now: number): boolean {
  const mayGoOn = run.jobs.some(({ status }) => status === 'detached' || status === 'interrupted');
  if (run.status !== 'running' && !mayGoOn) return true;
  return now - Date.parse(run.created_at) > LONGEST_RUN_MS;
}

/** Out of sight by one rename, so that no reader meets half a run. */
async function removeRun(files: FileStore, { stateRoot, signal }: GcRunsQuery, runId: string) {
  const options = signal === undefined ? {} : { signal };
  const runs = runsDirOf(stateRoot);
  const aside = `${runs}/.removing-${runId}-${randomBytes(4).toString('hex')}`;
  const moved = await files.rename(`${runs}/${runId}`, aside, options);
  return moved.isErr() ? moved : files.remove(aside, { ...options, recursive: true });
}

async function removeStale(
  { files, clock }: { readonly files: FileStore; readonly clock: Clock },
  { stateRoot, signal }: GcRunsQuery,
): Promise<void> {
  const options = signal === undefined ? {} : { signal };
  const halfMade = { names: /^\.(?:new|removing)-/, afterMs: STALE_MS };
  const left = [
    { directory: runsDirOf(stateRoot), ...halfMade },
    { directory: machinesDirOf(stateRoot), ...halfMade },
    { directory: templateLogsDirOf(stateRoot), names: /^/, afterMs: LONGEST_RUN_MS },
    { directory: poolsDirOf(stateRoot), names: /^/, afterMs: LONGEST_RUN_MS },
  ];
  for (const { directory, names, afterMs } of left) {
    const listed = await files.list(directory, options);
    for (const { name } of listed.unwrapOr([]).filter((entry) => names.test(entry.name))) {
      const stat = await files.lstat(`${directory}/${name}`, options);
      const stale = stat.isOk() && stat.value.mtimeMs < clock.now() - afterMs;
      if (stale) await files.remove(`${directory}/${name}`, { ...options, recursive: true });
    }
  }
}
