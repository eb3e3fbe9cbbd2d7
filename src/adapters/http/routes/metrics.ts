import type { RunSummaries } from '../../../application/records/summarize-runs.js';
import { traceResultOf } from '../../../application/trace/trace-result.js';
import { runJobStatusSchema, runStatusSchema } from '../../../domain/events/run-status.js';
import type { PoolRecord } from '../../../domain/records/pool-record.js';
import type { RunSummary } from '../../../domain/records/run-summary.js';
import { gauge, lineOf, type Sample } from './metric-lines.js';
import { poolMetrics } from './pool-metrics.js';

/** What is recorded, as Prometheus reads it: https://prometheus.io/docs/instrumenting/exposition_formats/ (text, 0.0.4). */
export function metricsText(
  { runs, damaged }: RunSummaries,
  pools: readonly PoolRecord[],
  openStreams: number,
): string {
  const sum = (of: (run: RunSummary) => number | undefined) =>
    runs.reduce((total, run) => total + (of(run) ?? 0), 0);
  const count = (of: readonly { readonly status: string }[], status: string): Sample => ({
    labels: { status },
    value: of.filter((one) => one.status === status).length,
  });
  const ended = newestEnded(runs);
  return [
    gauge(
      'pikaci_runs',
      'Recorded runs.',
      runStatusSchema.options.map((status) => count(runs, status)),
    ),
    gauge(
      'pikaci_jobs',
      'Jobs of recorded runs.',
      runJobStatusSchema.options.map((status) => ({
        labels: { status },
        value: sum(({ jobs }) => jobs[status]),
      })),
    ),
    gauge('pikaci_jobs_allowed_to_fail', 'Jobs of recorded runs that failed, and were allowed to.', [
      { value: sum((run) => run.jobs_allowed_to_fail) },
    ]),
    gauge(
      'pikaci_job_tests',
      'Tests of the jobs of recorded runs, as their reports have them.',
      (['passed', 'failed', 'skipped'] as const).map((result) => ({
        labels: { result },
        value: sum(({ tests }) => tests[result]),
      })),
    ),
    gauge(
      'pikaci_job_caches',
      'Caches of the jobs of recorded runs, by what was found.',
      (['exact', 'partial', 'miss'] as const).map((hit) => ({
        labels: { hit },
        value: sum(({ caches }) => caches[hit]),
      })),
    ),
    gauge('pikaci_job_caches_saved', 'Caches that the jobs of recorded runs have saved.', [
      { value: sum((run) => run.caches_saved) },
    ]),
    gauge(
      'pikaci_job_cache_restore_seconds',
      'Time that the jobs of recorded runs have waited for their caches, in all.',
      [{ value: sum((run) => run.cache_restore_ms) / 1000 }],
    ),
    gauge(
      'pikaci_job_machines',
      'Jobs of recorded runs for which machines could have waited, by whether theirs had.',
      (['warm', 'cold'] as const).map((from) => ({
        labels: { from },
        value: sum(({ machines }) => machines[from]),
      })),
    ),
    poolMetrics(pools),
    gauge('pikaci_run_records_damaged', 'Runs whose record cannot be read.', [{ value: damaged.length }]),
    gauge(
      'pikaci_last_run_passed',
      'Whether the newest run of a target that has ended passed.',
      ended.map(({ labels, run }) => ({ labels, value: run.status === 'passed' ? 1 : 0 })),
    ),
    gauge(
      'pikaci_last_run_finished_timestamp_seconds',
      'When the newest run of a target that has ended did so.',
      ended.map(({ labels, run }) => ({ labels, value: Date.parse(run.finished_at ?? '') / 1000 })),
    ),
    gauge(
      'pikaci_last_run_duration_seconds',
      'How long the newest run of a target that has ended took.',
      ended.map(({ labels, run }) => ({
        labels,
        value: (Date.parse(run.finished_at ?? '') - Date.parse(run.created_at)) / 1000,
      })),
    ),
    gauge(
      'pikaci_last_run_line_coverage_ratio',
      'Lines that the newest run of a target that has ended has covered, as its reports have them.',
      ended.map(({ labels, run }) => ({
        labels,
        value: run.line_coverage ?? Number.NaN,
      })),
    ),
    histogram(
      'cicd_pipeline_run_duration_seconds',
      'How long the recorded runs of a target that have ended took.',
      byEnd(runs),
    ),
    gauge(
      'cicd_pipeline_run_active',
      'Recorded runs that go on.',
      [...counted(runs.filter(({ status }) => status === 'running'))].map(([target, value]) => ({
        labels: { cicd_pipeline_name: target, cicd_pipeline_run_state: 'executing' },
        value,
      })),
    ),
    gauge('pikaci_event_streams_open', 'Event streams with a client.', [{ value: openStreams }]),
  ].join('');
}

/** One for each target; the listing is newest first. */
function newestEnded(runs: readonly RunSummary[]) {
  const newest = new Map<string, RunSummary>();
  for (const run of runs) {
    const target = run.target_id ?? '';
    if (run.finished_at !== null && !newest.has(target)) newest.set(target, run);
  }
  return [...newest].map(([target, run]) => ({ labels: { target }, run }));
}

/** Seconds. A run takes seconds, as a rule, and hours when it is large. */
const BUCKETS = [1, 2.5, 5, 10, 30, 60, 150, 300, 600, 1800, 3600, 10_800];

interface Durations {
  readonly labels: Readonly<Record<string, string>>;
  /** In seconds. */
  readonly values: number[];
}

/** By target and result, with the names of OpenTelemetry's metric `cicd.pipeline.run.duration`. */
function byEnd(runs: readonly RunSummary[]): readonly Durations[] {
  const groups = new Map<string, Durations>();
  for (const { target_id, status, created_at, finished_at } of runs) {
    const result = traceResultOf(status);
    if (finished_at === null || result === null) continue;
    const labels = {
      cicd_pipeline_name: target_id ?? '',
      cicd_pipeline_run_state: 'executing',
      cicd_pipeline_result: result,
    };
    const key = JSON.stringify(labels);
    const group: Durations = groups.get(key) ?? { labels, values: [] };
    groups.set(key, group);
    const seconds = (Date.parse(finished_at) - Date.parse(created_at)) / 1000;
    if (Number.isFinite(seconds)) group.values.push(seconds);
  }
  return [...groups.values()];
}

function counted(runs: readonly RunSummary[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { target_id } of runs) counts.set(target_id ?? '', (counts.get(target_id ?? '') ?? 0) + 1);
  return counts;
}

function histogram(name: string, help: string, groups: readonly Durations[]): string {
  const samples = groups.flatMap(({ labels, values }) => [
    ...[...BUCKETS, Number.POSITIVE_INFINITY].map((most) => ({
      suffix: '_bucket',
      labels: { ...labels, le: most === Number.POSITIVE_INFINITY ? '+Inf' : `${most}` },
      value: values.filter((value) => value <= most).length,
    })),
    { suffix: '_sum', labels, value: values.reduce((sum, value) => sum + value, 0) },
    { suffix: '_count', labels, value: values.length },
  ]);
  const lines = samples.map(({ suffix, ...sample }) => lineOf(`${name}${suffix}`, sample));
  return `# HELP ${name} ${help}\n# TYPE ${name} histogram\n${lines.join('')}`;
}
