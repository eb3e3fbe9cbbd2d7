import { type JobFault, jobMayStillRun } from '../../../application/faults/job-fault.js';
import { artifactLines, logSize } from './artifact-lines.js';
import { attemptLines, inAttempt } from './attempt-lines.js';
import type { Colours } from './colours.js';
import { escapeLine, escapeMessage } from './escape-control.js';
import { faultLines } from './fault-text.js';
import { formatDuration } from './quantities.js';
import { isRefusal } from './refusal.js';
import { reportLines } from './report-lines.js';
import type { JobEnd, RunEnd } from './run-end.js';
import { tookOf } from './run-record-lines.js';
import { serviceLines } from './service-lines.js';
import { stepLines } from './step-lines.js';

/** What people read when a run is over, one string a line. */
export function runSummary(end: RunEnd, colours: Colours): string[] {
  const prepares = (end.prepares ?? []).flatMap(({ nodeId, fault, allowed }) =>
    fault.kind === 'cancelled'
      ? faultedLines(nodeId, fault, colours)
      : [
          allowed === true
            ? `${colours.yellow('!')} ${colours.bold(nodeId)} could not be prepared, which is allowed`
            : `${colours.red('✗')} ${colours.bold(nodeId)} ${colours.red('could not be prepared')}`,
          ...indented(fault),
        ],
  );
  return [...prepares, ...end.jobs.flatMap((job) => jobLines(job, end, colours))];
}

function jobLines(job: JobEnd, end: RunEnd, c: Colours): string[] {
  switch (job.kind) {
    case 'not_started':
      return [`${c.yellow('–')} ${c.bold(job.jobId)} not started: the run was interrupted first`];
    case 'skipped':
      return [`${c.yellow('–')} ${c.bold(job.jobId)} skipped: ${escapeMessage(job.reason, '    ')}`];
    case 'faulted': {
      const stays = jobMayStillRun(job.fault) && job.instance !== null;
      return [...faultedLines(job.jobId, job.fault, c, job.allowed), ...(stays ? leftBehind(job, end) : [])];
    }
    case 'recorded':
      return recordedLines(job, c);
    case 'abandoned':
      return abandonedLines(job, end, c);
    case 'ended':
      return endedLines(job, end, c);
  }
}

/** Of a job that this process has not run. */
function recordedLines({ record, allowed }: Extract<JobEnd, { kind: 'recorded' }>, c: Colours): string[] {
  const { id, status, exit_code: code, message, taken_over_from: from } = record;
  const failed = allowed === true ? c.yellow('!') : c.red('✗');
  const mark = status === 'passed' ? c.green('✓') : status === 'failed' ? failed : c.yellow('–');
  const exit = code === null ? '' : ` (exit code ${code})`;
  const where = from === undefined ? ' before' : ` in ${from}, and is taken over`;
  const why = status === 'passed' || message === null ? [] : [`  ${escapeMessage(message, '    ')}`];
  const log =
    record.started_at === null ? [] : [`  ${c.dim('log')}        ${escapeLine(record.guest_log_path)}`];
  return [
    `${mark} ${c.bold(escapeLine(id))} ${status}${exit}${where}${allowed === true ? ', which is allowed' : ''}`,
    ...why,
    ...log,
  ];
}

function faultedLines(jobId: string, fault: JobFault, c: Colours, allowed?: true): string[] {
  if (fault.kind === 'cancelled')
    return [`${c.yellow('–')} ${c.bold(jobId)} cancelled: ${escapeMessage(fault.message, '    ')}`];
  const what = isRefusal(fault) ? 'was refused' : 'has no result (system failure)';
  return [
    allowed === true
      ? `${c.yellow('!')} ${c.bold(jobId)} ${what}, which is allowed`
      : `${c.red('✗')} ${c.bold(jobId)} ${c.red(what)}`,
    ...indented(fault),
    ...attemptLines(fault.earlierAttempts, c),
  ];
}

function indented(fault: JobFault): string[] {
  return faultLines(fault).map((line) => `  ${line.replaceAll('\n', '\n  ')}`);
}

function endedLines(job: Extract<JobEnd, { kind: 'ended' }>, end: RunEnd, c: Colours): string[] {
  const { outcome, state } = job.run;
  const passed = outcome.status === 'passed';
  const failed = job.allowed === true ? c.yellow('!') : c.red('✗');
  const mark = passed ? c.green('✓') : outcome.status === 'failed' ? failed : c.yellow('–');
  const allowed = job.allowed === true ? ', which is allowed' : '';
  const code = outcome.exit_code === null ? 'no exit code' : `exit code ${outcome.exit_code}`;
  const cause = outcome.cause === 'exit' ? '' : `, ${outcome.cause.replaceAll('_', ' ')}`;
  // Not the sum of the phases, which may overlap.
  const total = tookOf(outcome.started_at, outcome.finished_at);
  const lines = [
    `${mark} ${c.bold(job.jobId)} ${outcome.status}${inAttempt(outcome)} (${code}${cause})${total === null ? '' : ` in ${total}`}${allowed}`,
  ];
  if (!passed && outcome.message !== '') lines.push(`  ${escapeMessage(outcome.message, '    ')}`);
  lines.push(...attemptLines(outcome.earlier_attempts, c));
  lines.push(...stepLines(outcome.steps ?? [], c), ...serviceLines(outcome.services ?? [], c));
  lines.push(...reportLines(outcome, c));
  if (outcome.phases.length > 0) {
    const phases = outcome.phases.map(
      (phase) => `${phase.phase} ${formatDuration(phase.duration_ms)}${phase.ok ? '' : ' (failed)'}`,
    );
    lines.push(`  ${c.dim('phases')}     ${phases.join(', ')}`);
  }
  lines.push(`  ${c.dim('log')}        ${escapeLine(state.guestLog)} (${logSize(outcome)})`);
  lines.push(...artifactLines(outcome.artifacts, state.artifactsDir, c));
  if (outcome.status === 'detached') lines.push(...leftBehind({ jobId: job.jobId, instance: null }, end));
  if (job.left !== undefined) {
    const machine = job.left.instance === null ? 'its machine' : `the machine ${job.left.instance}`;
    lines.push(`  ${machine} on ${escapeLine(end.host)} was still being removed, and may stay`);
    lines.push(`  remove it after its lease expires: pikaci gc --remote${escapeLine(end.where ?? '')}`);
  }
  return lines;
}

/** Only what may really be there: before its machine is made there is none to take up. */
function abandonedLines(job: Extract<JobEnd, { kind: 'abandoned' }>, end: RunEnd, c: Colours): string[] {
  const line = (what: string) => `${c.yellow('–')} ${c.bold(job.jobId)} ${what}`;
  if (job.left === 'nothing') return [line('interrupted before anything was made for it')];
  if (job.left === 'machine') return [line('left behind'), ...leftBehind(job, end)];
  return [
    line('interrupted before its machine was made'),
    `  its directory on ${escapeLine(end.host)} may stay`,
    `  remove it, half an hour old:    pikaci gc --remote${escapeLine(end.where ?? '')}`,
  ];
}

/** How to take up or remove what runs on without this process. */
function leftBehind(
  job: { readonly jobId: string; readonly instance: string | null },
  end: Pick<RunEnd, 'runId' | 'host' | 'where'>,
): string[] {
  const where = escapeLine(end.where ?? '');
  const machine = job.instance === null ? 'its machine' : `the machine ${job.instance}`;
  return [
    `  ${machine} on ${escapeLine(end.host)} may still run`,
    `  resume the job:                    pikaci attach ${end.runId} ${job.jobId}${where}`,
    `  remove it after its lease expires: pikaci gc --remote${where}`,
  ];
}
