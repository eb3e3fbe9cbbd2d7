import type { RunJobStatus } from '../../../domain/events/run-status.js';
import type { JobOutcome } from '../../../domain/job/job-outcome.js';
import { isLogCut } from '../../../domain/job/log-cut.js';
import type { PrepareTiming, RunJobRecord, RunRecord } from '../../../domain/records/run-record.js';
import { isAllowedToFail } from '../../../domain/values/node-condition.js';
import { artifactLines, logSize } from './artifact-lines.js';
import { attemptLines, inAttempt } from './attempt-lines.js';
import type { Colours } from './colours.js';
import { escapeLine, escapeMessage } from './escape-control.js';
import { formatDuration } from './quantities.js';
import { reportLines } from './report-lines.js';
import { stepLines } from './step-lines.js';

/** What the job's own record says beside the run's. */
export interface RecordedJob {
  readonly outcome: JobOutcome;
  readonly artifactsDir: string;
}

/** A recorded run for people, one string a line. `jobs` has those that have ended, by their ids. */
export function runRecordLines(
  run: RunRecord,
  c: Colours,
  jobs: ReadonlyMap<string, RecordedJob> = new Map(),
): string[] {
  const facts: [string, string | null][] = [
    ['target', run.target_id],
    ['host', run.host],
    ['branch', run.git_branch],
    [
      'commit',
      run.git_head === null ? null : `${run.git_head}${run.git_dirty === true ? ' and changes' : ''}`,
    ],
    ['rerun of', run.rerun_of],
    ['attempt', run.attempt === undefined || run.attempt === 1 ? null : `${run.attempt}`],
    ['started', run.created_at],
    ['took', tookOf(run.created_at, run.finished_at)],
    ['why', run.message],
    ['go on', run.status === 'interrupted' ? `pikaci resume ${run.run_id}` : null],
  ];
  return [
    `${mark(run.status, c)} ${c.bold(run.run_id)} ${run.status}`,
    ...facts.flatMap(([name, value]) =>
      value === null ? [] : [`  ${c.dim(name.padEnd(9))} ${escapeMessage(value, '    ')}`],
    ),
    ...run.prepare_timings.flatMap((timing) => prepareLines(timing, c)),
    ...run.jobs.flatMap((job) => jobLines(job, c, jobs.get(job.id))),
  ];
}

function prepareLines(timing: PrepareTiming, c: Colours): string[] {
  const status = timing.status ?? (timing.ok ? 'passed' : 'failed');
  const isAllowed = isAllowedToFail({ ...timing, status });
  const how = { passed: timing.cached ? 'was there' : 'prepared', failed: 'could not be prepared' };
  const head = `${mark(status, c, isAllowed)} ${c.bold(escapeLine(timing.node_id))} ${status === 'cancelled' ? status : how[status]} in ${formatDuration(timing.duration_ms)}${isAllowed ? ALLOWED : ''}`;
  if (status === 'passed') return [head];
  const why = timing.message === null ? [] : [`  ${escapeMessage(timing.message, '    ')}`];
  const { log_path: log = null } = timing;
  return [head, ...why, ...(log === null ? [] : [`  ${c.dim('log')}       ${escapeLine(log)}`])];
}

function jobLines(job: RunJobRecord, c: Colours, recorded: RecordedJob | undefined): string[] {
  const took = job.started_at === null ? null : tookOf(job.started_at, job.finished_at);
  const code = job.exit_code === null ? '' : ` (exit code ${job.exit_code})`;
  const head = `${mark(job.status, c, isAllowedToFail(job))} ${c.bold(escapeLine(job.id))} ${job.status}${inAttempt(job)}${code}${took === null ? '' : ` in ${took}`}${overIn(job)}${isAllowedToFail(job) ? ALLOWED : ''}`;
  const why =
    job.status === 'passed' || job.message === null ? [] : [`  ${escapeMessage(job.message, '    ')}`];
  const phases = job.remote_linux_vm_execution?.phases ?? [];
  const times = phases.map(
    ({ phase, duration_ms, ok }) => `${phase} ${formatDuration(duration_ms)}${ok ? '' : ' (failed)'}`,
  );
  const phaseLine = times.length === 0 ? [] : [`  ${c.dim('phases')}    ${times.join(', ')}`];
  const reports = reportLines(recorded?.outcome ?? job, c);
  return [
    head,
    ...why,
    ...attemptLines(job.earlier_attempts, c),
    ...stepLines(job.steps ?? [], c),
    ...reports,
    ...phaseLine,
    ...broughtLines(recorded, c),
  ];
}

function broughtLines(recorded: RecordedJob | undefined, c: Colours): string[] {
  if (recorded === undefined) return [];
  const { outcome, artifactsDir } = recorded;
  const log = isLogCut(outcome) ? [`  ${c.dim('log')}       ${logSize(outcome)}`] : [];
  return [...log, ...artifactLines(outcome.artifacts, artifactsDir, c)];
}

export function tookOf(from: string, to: string | null): string | null {
  const took = Date.parse(to ?? '') - Date.parse(from);
  // A record may have anything for a time.
  return Number.isFinite(took) ? formatDuration(Math.max(0, took)) : null;
}

const overIn = ({ taken_over_from: from }: { readonly taken_over_from?: string | undefined }) =>
  from === undefined ? '' : `, taken over from ${escapeLine(from)}`;

const ALLOWED = ', which is allowed';

function mark(status: RunJobStatus, c: Colours, isAllowed = false): string {
  if (status === 'passed') return c.green('✓');
  if (isAllowed) return c.yellow('!');
  return status === 'failed' ? c.red('✗') : c.yellow('–');
}
