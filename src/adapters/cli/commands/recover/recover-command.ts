import type { JobFault } from '../../../../application/faults/job-fault.js';
import type { KeptJob } from '../../../../application/recover/kept-job.js';
import type { RecoveredJob, RecoverReport } from '../../../../application/recover/recover-jobs.js';
import type {
  KeptJobDocument,
  KeptJobListDocument,
  RecoverDocument,
} from '../../../../domain/records/recover-documents.js';
import { inColumns } from '../../output/columns.js';
import { escapeLine, escapeMessage } from '../../output/escape-control.js';
import { formatBytes } from '../../output/quantities.js';
import { type CliContext, complain } from '../../session/cli-context.js';
import { EXIT } from '../../session/exit-code.js';
import { complainOfFault, onHost } from '../machine/machine-session.js';
import { printJson } from '../state-root.js';
import type { HostOptions } from '../with-pikaci.js';

/** So much of an id is shown, and names it. */
const SHORT_ID = 8;

export interface RecoverOptions extends HostOptions {
  readonly output: 'human' | 'json';
  readonly id?: string;
}

/** `pikaci recover`: what is kept on the host of jobs that no runner collected; with a run, brings it into the state root. */
export async function recoverCommand(
  context: CliContext,
  of: { readonly runId: string | undefined; readonly jobId: string | undefined },
  options: RecoverOptions,
): Promise<number> {
  const { runId, jobId } = of;
  if (runId === undefined && options.id !== undefined) {
    complain(context, '--id says which of several of a run is meant: name the run');
    return EXIT.usage;
  }
  return onHost(context, options, async (pikaci) => {
    const { signal } = context.interrupts;
    const { host } = pikaci;
    if (runId === undefined) {
      const listed = await pikaci.keptJobs({ signal });
      if (listed.isErr()) return complainOfFault(context, listed.error);
      const jobs = listed.value.map(documentOf);
      const all: KeptJobListDocument = { type: 'kept_job_list', schema_version: 1, host, jobs };
      if (options.output === 'json') printJson(context, all);
      else context.stdout.write(`${table(listed.value).join('\n')}\n`);
      return EXIT.passed;
    }
    const which = {
      ...(jobId === undefined ? {} : { jobId }),
      ...(options.id === undefined ? {} : { id: options.id }),
    };
    const back = await pikaci.recover({ runId, ...which, signal });
    if (back.isErr()) return complainOfFault(context, back.error);
    if (options.output === 'json') printJson(context, report(host, back.value));
    else for (const one of back.value.recovered) context.stdout.write(recoveredLine(one));
    // One that could not be brought back decides.
    return back.value.refused.reduce(
      (code, { kept, fault }) => Math.max(code, complainOfFault(context, named(kept, fault))),
      EXIT.passed as number,
    );
  });
}

function named(kept: KeptJob, fault: JobFault): JobFault {
  return {
    ...fault,
    message: `${kept.jobId} (${kept.id.slice(0, SHORT_ID)}) stays on the host: ${fault.message}`,
  };
}

function recoveredLine({ kept, outcome, state }: RecoveredJob): string {
  const { artifacts, status, cause, message } = outcome;
  const because = message === '' ? '' : `, ${escapeMessage(message)}`;
  const lost =
    artifacts.incomplete === null ? '' : `; not all of them: ${escapeMessage(artifacts.incomplete)}`;
  return `${escapeLine(kept.jobId)}: ${status} (${cause}${because}), ${artifacts.collected.length} artifacts${lost}; its log is ${escapeLine(state.guestLog)}\n`;
}

function report(host: string, { recovered, refused }: RecoverReport): RecoverDocument {
  return {
    type: 'recover_report',
    schema_version: 1,
    host,
    recovered: recovered.map(({ kept, outcome: { status, cause, exit_code } }) => ({
      ...documentOf(kept),
      ...{ status, cause, exit_code },
    })),
    refused: refused.map(({ kept, fault: { kind, message } }) => ({ job: documentOf(kept), kind, message })),
  };
}

function documentOf(kept: KeptJob): KeptJobDocument {
  const { id, runId, jobId, attempt, target, commit, branch, status, cause, exitCode } = kept;
  return {
    ...{ type: 'kept_job', schema_version: 1, id, run_id: runId, job_id: jobId, attempt },
    ...{ target_id: target, git_head: commit, git_branch: branch, status, cause, exit_code: exitCode },
    ...{ created_at: kept.createdAt, kept_at: kept.keptAt, bytes: kept.bytes, artifacts: kept.artifacts },
  };
}

function table(jobs: readonly KeptJob[]): string[] {
  if (jobs.length === 0) return ['the host has kept nothing of jobs that no runner collected'];
  const rows = jobs.map((job) => [
    job.id.slice(0, SHORT_ID),
    job.runId,
    job.jobId,
    `${job.attempt}`,
    job.target ?? '',
    (job.commit ?? '').slice(0, 12),
    job.cause === 'exit' ? job.status : `${job.status} (${job.cause})`,
    `${job.artifacts}`,
    formatBytes(job.bytes),
    job.keptAt ?? '',
  ]);
  const head = ['ID', 'RUN', 'JOB', 'ATTEMPT', 'TARGET', 'COMMIT', 'STATUS', 'ARTIFACTS', 'SIZE', 'KEPT'];
  return inColumns([head, ...rows]);
}
