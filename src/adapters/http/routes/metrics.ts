import type { RunListing } from '../../../application/records/list-runs.js';
import { runJobStatusSchema, runStatusSchema } from '../../../domain/events/run-status.js';
import { coverageOf } from '../../../domain/job/coverage-report.js';
import type { RunRecord } from '../../../domain/records/run-record.js';

interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What is recorded, as Prometheus reads it: https://prometheus.io/docs/instrumenting/exposition_formats/ (text, 0.0.4). */
export function metricsText({ runs, damaged }: RunListing, openStreams: number): string {
  const jobs = runs.flatMap((run) => run.jobs);
  const caches = jobs.flatMap((job) => job.caches ?? []);
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
      runJobStatusSchema.options.map((status) => count(jobs, status)),
    ),
    gauge(
      'pikaci_job_tests',
      'Tests of the jobs of recorded runs, as their reports have them.',
      (['passed', 'failed', 'skipped'] as const).map((result) => ({
        labels: { result },
        value: jobs.reduce((sum, { test_report: tests }) => sum + (tests?.[result] ?? 0), 0),
      })),
    ),
    gauge(
      'pikaci_job_caches',
      'Caches of the jobs of recorded runs, by what was found.',
      (['exact', 'partial', 'miss'] as const).map((hit) => ({
        labels: { hit },
        value: caches.filter((cache) => cache.hit === hit).length,
      })),
    ),
    gauge('pikaci_job_caches_saved', 'Caches that the jobs of recorded runs have saved.', [
      { value: caches.filter(({ saved }) => saved === 'saved').length },
    ]),
    gauge(
      'pikaci_job_cache_restore_seconds',
      'Time that the jobs of recorded runs have waited for their caches, in all.',
      [{ value: caches.reduce((sum, { restore_ms: ms }) => sum + ms, 0) / 1000 }],
    ),
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
        value: coverageOf(run.jobs.map((job) => job.coverage_report)) ?? Number.NaN,
      })),
    ),
    gauge('pikaci_event_streams_open', 'Event streams with a client.', [{ value: openStreams }]),
  ].join('');
}

/** One for each target; the listing is newest first. */
function newestEnded(runs: readonly RunRecord[]) {
  const newest = new Map<string, RunRecord>();
  for (const run of runs) {
    const target = run.target_id ?? '';
    if (run.finished_at !== null && !newest.has(target)) newest.set(target, run);
  }
  return [...newest].map(([target, run]) => ({ labels: { target }, run }));
}

function gauge(name: string, help: string, samples: readonly Sample[]): string {
  const lines = samples
    .filter(({ value }) => Number.isFinite(value))
    .map(({ labels = {}, value }) => {
      const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
      return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${value}\n`;
    });
  return `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${lines.join('')}`;
}

function escaped(text: string): string {
  return text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');
}
