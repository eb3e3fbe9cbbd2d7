import { err, ok, type Result } from 'neverthrow';
import { jobStateLayout } from '../../domain/records/run-layout.js';
import type { RunRecord } from '../../domain/records/run-record.js';
import type { TestHistory, TestOverRuns } from '../../domain/records/test-history.js';
import { type RecordedTest, testsFileSchema } from '../../domain/records/tests-file.js';
import { anotherTurn } from '../../streams/filter-in-turns.js';
import type { RecordPorts } from './interrupted-run.js';
import { listRuns } from './list-runs.js';
import { readRecord } from './read-record.js';
import { badNumber, type RunStateFault } from './run-state-fault.js';

/** So many of the newest runs are looked at, unless said. */
const RUNS = 50;
const AT_ONCE = 1000;

export interface TestHistoryQuery {
  readonly stateRoot: string;
  readonly branch?: string | undefined;
  readonly target?: string | undefined;
  readonly job?: string | undefined;
  /** At most so many runs, the newest; 50 unless said. */
  readonly runs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

interface Seen {
  readonly run: RunRecord;
  readonly test: RecordedTest;
}

/** What became of each test in the newest runs that have reports of tests: those that are unsteady first, then by how often they failed. */
export async function testHistory(
  ports: RecordPorts,
  { stateRoot, branch, target, job, runs: most = RUNS, signal }: TestHistoryQuery,
): Promise<Result<TestHistory, RunStateFault>> {
  const bad = badNumber([{ name: 'runs', value: most }]);
  if (bad !== null) return err(bad);
  const listed = await listRuns(ports, { stateRoot, branch, signal });
  if (listed.isErr()) return err(listed.error);
  const seen = new Map<string, { readonly job: string; readonly all: Seen[] }>();
  const damaged = listed.value.damaged.map(({ message }) => message);
  let runs = 0;
  for (const run of listed.value.runs) {
    if (runs === most) break;
    if (target !== undefined && run.target_id !== target) continue;
    let has = false;
    for (const { id, test_report: report } of run.jobs) {
      if (report === undefined || (job !== undefined && id !== job)) continue;
      const { testsFile } = jobStateLayout(stateRoot, run.run_id, id);
      const read = await readRecord(ports.files, testsFile, testsFileSchema, signal);
      if (read.isErr()) {
        if (read.error.kind === 'aborted') return err(read.error);
        damaged.push(read.error.kind === 'missing' ? `${testsFile} is missing` : read.error.message);
        continue;
      }
      has = true;
      for (const [index, test] of read.value.tests.entries()) {
        if (index % AT_ONCE === AT_ONCE - 1) await anotherTurn();
        const key = JSON.stringify([id, test.suite, test.name]);
        const known = seen.get(key) ?? { job: id, all: [] };
        known.all.push({ run, test });
        seen.set(key, known);
      }
    }
    if (has) runs++;
  }
  const tests = [...seen.values()].map(overRuns).sort(byInterest);
  return ok({ runs, tests, damaged });
}

/** `all`: the newest first. */
function overRuns({ job, all }: { readonly job: string; readonly all: readonly Seen[] }): TestOverRuns {
  const [newest] = all;
  const failures = all.filter(({ test }) => hasFailed(test));
  const times = all.flatMap(({ test }) => (test.time_ms === undefined ? [] : [test.time_ms]));
  const mean = times.reduce((sum, time) => sum + time, 0) / times.length;
  return {
    job_id: job,
    suite: newest?.test.suite ?? '',
    name: newest?.test.name ?? '',
    seen: all.length,
    passed: all.filter(({ test }) => test.status === 'passed').length,
    failed: failures.length,
    skipped: all.filter(({ test }) => test.status === 'skipped').length,
    flaky: isFlaky(all),
    last_status: newest?.test.status ?? 'skipped',
    last_run_id: newest?.run.run_id ?? '',
    last_failed_run_id: failures[0]?.run.run_id ?? null,
    mean_time_ms: times.length === 0 ? null : Math.round(mean),
  };
}

const hasFailed = ({ status }: RecordedTest) => status === 'failed' || status === 'error';

/** It passed when it was repeated, or it has passed and failed with the same files: of one commit, without changes. */
function isFlaky(all: readonly Seen[]): boolean {
  if (all.some(({ test }) => test.flaky === true)) return true;
  const ends = new Map<string, Set<boolean>>();
  for (const { run, test } of all) {
    if (test.status === 'skipped' || run.git_head === null || run.git_dirty !== false) continue;
    const of = ends.get(run.git_head) ?? new Set<boolean>();
    ends.set(run.git_head, of.add(hasFailed(test)));
  }
  return [...ends.values()].some((of) => of.size === 2);
}

function byInterest(a: TestOverRuns, b: TestOverRuns): number {
  if (a.flaky !== b.flaky) return a.flaky ? -1 : 1;
  if (a.failed !== b.failed) return b.failed - a.failed;
  return compare(a.job_id, b.job_id) || compare(a.suite, b.suite) || compare(a.name, b.name);
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
