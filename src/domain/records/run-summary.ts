import { z } from 'zod';
import { runJobStatusSchema, runStatusSchema } from '../events/run-status.js';
import { jobCacheReportSchema } from '../job/cache-report.js';
import { coverageOf } from '../job/coverage-report.js';
import { machineAcquiredSchema } from '../job/job-outcome.js';
import { isAllowedToFail } from '../values/node-condition.js';
import type { RunRecord } from './run-record.js';

const count = z.number().int().nonnegative();
const counts = <Keys extends readonly string[]>(keys: Keys) => z.partialRecord(z.enum(keys), count);
const hitSchema = jobCacheReportSchema.shape.hit;

/** What lists and metrics say of a run, as an entry of `runs-index.jsonl` has it. Times are ISO 8601. */
export const runSummarySchema = z.object({
  run_id: z.string(),
  status: runStatusSchema,
  rerun_of: z.string().nullable().default(null),
  target_id: z.string().nullable(),
  git_branch: z.string().nullable(),
  created_at: z.string(),
  finished_at: z.string().nullable(),
  /** How many of its jobs stand how. */
  jobs: counts(runJobStatusSchema.options),
  /** How many of those that failed were allowed to. */
  jobs_allowed_to_fail: count.default(0),
  /** Of the reports of its jobs. */
  tests: z.object({ passed: count, failed: count, skipped: count }),
  /** Of its jobs: what was found, how many were saved, and the time that was waited for them, in milliseconds. */
  caches: counts(hitSchema.options),
  caches_saved: count,
  /** Of its jobs for which machines could have waited: how many had one of these, and how many were started cold. */
  machines: counts(machineAcquiredSchema.shape.from.options),
  cache_restore_ms: z.number().nonnegative(),
  /** Between 0 and 1; null for a run without reports of coverage. */
  line_coverage: z.number().nullable(),
});
/** A run in short: how it stands, when, of what, and sums over its jobs. */
export type RunSummary = z.infer<typeof runSummarySchema>;

export function runSummaryOf(run: RunRecord): RunSummary {
  const { run_id, status, target_id, git_branch, created_at, finished_at } = run;
  // What another run has done counts there.
  const jobs = run.jobs.filter((job) => job.taken_over_from === undefined);
  const caches = jobs.flatMap((job) => job.caches ?? []);
  const tests = (result: 'passed' | 'failed' | 'skipped') =>
    jobs.reduce((sum, { test_report: report }) => sum + (report?.[result] ?? 0), 0);
  return {
    run_id,
    status,
    rerun_of: run.rerun_of,
    target_id,
    git_branch,
    created_at,
    finished_at,
    jobs: tally(jobs.map((job) => job.status)),
    jobs_allowed_to_fail: jobs.filter(isAllowedToFail).length,
    tests: { passed: tests('passed'), failed: tests('failed'), skipped: tests('skipped') },
    caches: tally(caches.map(({ hit }) => hit)),
    caches_saved: caches.filter(({ saved }) => saved === 'saved').length,
    machines: tally(jobs.flatMap(({ acquired }) => acquired?.from ?? [])),
    cache_restore_ms: caches.reduce((sum, { restore_ms: ms }) => sum + ms, 0),
    line_coverage: coverageOf(run.jobs.map((job) => job.coverage_report)),
  };
}

function tally<Name extends string>(names: readonly Name[]): Partial<Record<Name, number>> {
  const sums: Partial<Record<Name, number>> = {};
  for (const name of names) sums[name] = (sums[name] ?? 0) + 1;
  return sums;
}
