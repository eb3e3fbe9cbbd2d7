import { attemptText, type JobAttempt } from '../job/job-retry.js';
import type { JobStepRecord } from '../job/step-record.js';
import { isAllowedToFail } from '../values/node-condition.js';
import type { RunJobRecord, RunRecord } from './run-record.js';

/** A test case of the report. Times in milliseconds; `skipped` is also what has not ended. */
interface Case {
  readonly className: string;
  readonly name: string;
  readonly ms: number;
  readonly end: 'passed' | 'failure' | 'error' | 'skipped';
  readonly message: string;
  /** In few words. */
  readonly type: string;
  /** Attempts before the one that counts. */
  readonly earlier?: readonly JobAttempt[] | undefined;
}

/**
 * A run as JUnit XML, as CI servers read it: one test suite, in it a test case for each job, or for each step of a job that has
 * steps, and one for what else went wrong. A step whose failure the job tolerated has passed, and says so in its output; what was allowed to
 * fail, and did, is neither passed nor failed, and says so where it is skipped. Text that came from outside is escaped, and control characters
 * are left out of it.
 */
export function junitReport(run: RunRecord): string {
  const target = run.target_id ?? run.run_id;
  const cases = withRunsOwn(run, [
    ...run.prepare_timings.flatMap((timing) => preparation(timing, target)),
    ...run.jobs.flatMap((job) => allowedIn(job, casesOf(job, target))),
  ]);
  const count = (end: Case['end']) => cases.filter((one) => one.end === end).length;
  const totals = `tests="${cases.length}" failures="${count('failure')}" errors="${count('error')}" skipped="${count('skipped')}" time="${seconds(between(run.created_at, run.finished_at))}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="${escaped(run.run_id)}" ${totals}>`,
    `  <testsuite name="${escaped(target)}" ${totals} timestamp="${escaped(run.created_at)}"${run.host === null ? '' : ` hostname="${escaped(run.host)}"`}>`,
    ...cases.map(caseText),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function preparation(
  { ok, node_id, duration_ms: ms, message, allow_failure }: RunRecord['prepare_timings'][number],
  target: string,
): readonly Case[] {
  if (ok) return [];
  const why = message ?? 'could not be prepared';
  const failed = { className: target, name: `prepare ${node_id}`, ms, type: 'prepare' };
  return allow_failure === true
    ? [{ ...failed, end: 'skipped', message: `${why}, which was allowed` }]
    : [{ ...failed, end: 'error', message: why }];
}

function allowedIn(job: RunJobRecord, cases: readonly Case[]): readonly Case[] {
  if (!isAllowedToFail(job)) return cases;
  return cases.map((one) =>
    one.end === 'failure' || one.end === 'error'
      ? { ...one, end: 'skipped', message: `failed, which was allowed: ${one.message || one.type}` }
      : one,
  );
}

/** A run that failed has at least one case that did. */
function withRunsOwn(run: RunRecord, cases: readonly Case[]): readonly Case[] {
  if (run.status === 'passed' || run.status === 'running' || run.status === 'skipped') return cases;
  if (cases.some(({ end }) => end === 'failure' || end === 'error')) return cases;
  const message = run.message ?? `the run has ${run.status}`;
  const name = `run ${run.run_id}`;
  return [
    ...cases,
    { className: run.target_id ?? 'run', name, ms: 0, end: 'error', message, type: run.status },
  ];
}

function casesOf(job: RunJobRecord, target: string): readonly Case[] {
  const own: Case = {
    className: target,
    name: job.id,
    ms: between(job.started_at, job.finished_at),
    ...endOf(job.status),
    message: job.message ?? '',
    earlier: job.earlier_attempts,
  };
  const steps = (job.steps ?? []).map((step) => stepCase(step, job, target));
  if (steps.length === 0) return [own];
  // Something beside its steps may be why a job did not pass.
  const isTold =
    own.earlier === undefined &&
    (own.end === 'passed' || steps.some(({ end }) => end === 'failure' || end === 'error'));
  return isTold ? steps : [...steps, own];
}

function stepCase(step: JobStepRecord, job: RunJobRecord, target: string): Case {
  const { end, type } = endOf(step.status);
  const code = step.exit_code === null ? '' : ` (exit code ${step.exit_code})`;
  const verdict = `${step.cause === null || step.cause === 'exit' ? step.status : step.cause}${code}`;
  const common = { className: `${target}.${job.id}`, name: step.name, type };
  const ms = between(step.started_at, step.finished_at);
  if (end === 'passed') return { ...common, ms, end, message: '' };
  if (end === 'failure' && (step.tolerated === true || job.status === 'passed'))
    return { ...common, ms, end: 'passed', message: `${verdict}, and the job went on` };
  const why = step.cause === 'setup' && job.message !== null ? `${verdict}: ${job.message}` : verdict;
  return { ...common, ms, end, message: step.reason ?? why };
}

function endOf(status: RunJobRecord['status']): Pick<Case, 'end' | 'type'> {
  if (status === 'passed') return { end: 'passed', type: status };
  if (status === 'failed') return { end: 'failure', type: status };
  return { end: status === 'cancelled' || status === 'interrupted' ? 'error' : 'skipped', type: status };
}

function caseText({ className, name, ms, end, message, type, earlier = [] }: Case): string {
  const head = `    <testcase classname="${escaped(className)}" name="${escaped(name)}" time="${seconds(ms)}"`;
  const said = escaped(message || type);
  // As Maven's surefire has what was run again.
  const again = earlier.map((one) => attemptElement(end === 'passed' ? 'flaky' : 'rerun', one)).join('');
  if (end === 'passed') {
    const inside = `${again}${message === '' || again !== '' ? '' : `<system-out>${said}</system-out>`}`;
    return inside === '' ? `${head}/>` : `${head}>${inside}</testcase>`;
  }
  const kind = end === 'skipped' ? '' : ` type="${escaped(type)}"`;
  return `${head}><${end} message="${said}"${kind}/>${again}</testcase>`;
}

function attemptElement(prefix: 'flaky' | 'rerun', attempt: JobAttempt): string {
  const element = `${prefix}${attempt.status === 'faulted' ? 'Error' : 'Failure'}`;
  const message = [attemptText(attempt), attempt.message].filter((text) => text !== '').join(': ');
  return `<${element} message="${escaped(message)}" type="${escaped(attempt.cause)}"/>`;
}

function between(from: string | null, to: string | null): number {
  const ms = Date.parse(to ?? '') - Date.parse(from ?? '');
  return Number.isFinite(ms) ? Math.max(0, ms) : 0;
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}

/** Controls, the marks that turn the direction of writing, and what XML 1.0 cannot hold in any form (2.2). */
const LEFT_OUT =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]/gu;
const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
};

function escaped(text: string): string {
  return text.replace(LEFT_OUT, '').replace(/[&<>"'\t\n\r]/g, (found) => ENTITIES[found] ?? '');
}
