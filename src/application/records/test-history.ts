import { err, ok, type Result } from 'neverthrow';
import { jobStateLayout } from '../../domain/records/run-layout.js';
import type { RunRecord } from '../../domain/records/run-record.js';
import type { TestHistory, TestOverRuns } from '../../domain/records/test-history.js';
import { type RecordedTest, testsFileSchema } from '../../domain/records/tests-file.js';
import type { Clock } from '../../ports/clock.js';
import { anotherTurn } from '../../streams/filter-in-turns.js';
import type { RecordPorts } from './interrupted-run.js';
import { KnownTests } from './known-tests.js';
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

/** What became of each test in the newest runs that have reports of tests: those that are unsteady first, then by how often they failed. */
export async function testHistory(
  ports: RecordPorts & { readonly clock: Clock },
  { stateRoot, branch, target, job, runs: most = RUNS, signal }: TestHistoryQuery,
): Promise<Result<TestHistory, RunStateFault>> {
  const bad = badNumber([{ name: 'runs', value: most }]);
  if (bad !== null) return err(bad);
  const listed = await listRuns(ports, { stateRoot, branch, signal });
  if (listed.isErr()) return err(listed.error);
  const seen = new KnownTests<OverRuns>();
  const damaged = listed.value.damaged.map(({ message }) => message);
  let runs = 0;
  for (const run of listed.value.runs) {
    if (runs === most) break;
    if (target !== undefined && run.target_id !== target) continue;
    let has = false;
    seen.nextRun();
    for (const { id, test_report: report, taken_over_from: from } of run.jobs) {
      if (report === undefined || from !== undefined || (job !== undefined && id !== job)) continue;
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
        seen.of(key, () => new OverRuns(id, run, test))?.add(run, test);
      }
    }
    if (has) runs++;
  }
  if (seen.leftOut > 0)
    damaged.push(`there are too many tests: ${seen.leftOut} results of those that came last are left out`);
  const tests = [...seen.values()].map((test) => test.told()).sort(byInterest);
  return ok({ runs, tests, damaged });
}

/** What became of one test so far; the newest run comes first. */
class OverRuns {
  readonly #job: string;
  readonly #newest: { readonly run: RunRecord; readonly test: RecordedTest };
  readonly #counts = { seen: 0, passed: 0, failed: 0, skipped: 0 };
  readonly #time = { sum: 0, count: 0 };
  /** By commit: whether it has passed, and whether it has failed. */
  readonly #ends = new Map<string, { passed: boolean; failed: boolean }>();
  #lastFailed: string | null = null;
  #hasPassedRepeated = false;

  constructor(job: string, run: RunRecord, test: RecordedTest) {
    this.#job = job;
    this.#newest = { run, test };
  }

  add({ run_id: runId, git_head: head, git_dirty: isDirty }: RunRecord, test: RecordedTest): void {
    const { status, time_ms: time } = test;
    const end = status === 'error' ? 'failed' : status;
    this.#counts.seen++;
    this.#counts[end]++;
    if (end === 'failed') this.#lastFailed ??= runId;
    if (time !== undefined) {
      this.#time.sum += time;
      this.#time.count++;
    }
    this.#hasPassedRepeated ||= test.flaky === true;
    if (end === 'skipped' || head === null || isDirty !== false) return;
    const ends = this.#ends.get(head) ?? { passed: false, failed: false };
    ends[end] = true;
    this.#ends.set(head, ends);
  }

  told(): TestOverRuns {
    const { run, test } = this.#newest;
    const { sum, count } = this.#time;
    // With the same files: of one commit, without changes.
    const hasBoth = [...this.#ends.values()].some(({ passed, failed }) => passed && failed);
    return {
      job_id: this.#job,
      suite: test.suite,
      name: test.name,
      ...this.#counts,
      flaky: this.#hasPassedRepeated || hasBoth,
      last_status: test.status,
      last_run_id: run.run_id,
      last_failed_run_id: this.#lastFailed,
      mean_time_ms: count === 0 ? null : Math.round(sum / count),
    };
  }
}

function byInterest(a: TestOverRuns, b: TestOverRuns): number {
  if (a.flaky !== b.flaky) return a.flaky ? -1 : 1;
  if (a.failed !== b.failed) return b.failed - a.failed;
  return compare(a.job_id, b.job_id) || compare(a.suite, b.suite) || compare(a.name, b.name);
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
