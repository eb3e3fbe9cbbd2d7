import type { KeptRun } from '../../../../application/recover/kept-run.js';
import type { KeptRunListDocument } from '../../../../domain/records/recover-documents.js';
import { inColumns } from '../../output/columns.js';
import type { CliContext } from '../../session/cli-context.js';
import { EXIT } from '../../session/exit-code.js';
import { complainOfFault, onHost } from '../machine/machine-session.js';
import { printJson } from '../state-root.js';
import type { HostOptions } from '../with-pikaci.js';

/** So much of an id is shown, and names it. */
const SHORT_ID = 8;

/** `pikaci resume` without a run: what the host has of runs. */
export function keptRunsCommand(
  context: CliContext,
  options: HostOptions & { readonly output: string },
): Promise<number> {
  return onHost(context, options, async (pikaci) => {
    const listed = await pikaci.keptRuns({ signal: context.interrupts.signal });
    if (listed.isErr()) return complainOfFault(context, listed.error);
    if (options.output === 'human') context.stdout.write(`${table(listed.value).join('\n')}\n`);
    else printJson(context, documentOf(pikaci.host, listed.value));
    return EXIT.passed;
  });
}

function documentOf(host: string, runs: readonly KeptRun[]): KeptRunListDocument {
  return {
    ...{ type: 'kept_run_list', schema_version: 1, host },
    runs: runs.map(({ runId, target, commit, branch, createdAt, openJobs, ...run }) => ({
      ...{ type: 'kept_run', schema_version: 1, id: run.id, run_id: runId, target_id: target },
      ...{ git_head: commit, git_branch: branch, status: run.status, created_at: createdAt },
      ...{ open_jobs: openJobs, jobs: run.jobs, runner: run.runner, lives: run.lives },
    })),
  };
}

function table(runs: readonly KeptRun[]): string[] {
  if (runs.length === 0) return ['the host has no records of runs that go on'];
  const rows = runs.map(({ id, runId, target, commit, createdAt, openJobs, jobs, runner, lives }) => [
    id.slice(0, SHORT_ID),
    runId,
    target ?? '',
    (commit ?? '').slice(0, 12),
    `${openJobs} of ${jobs}`,
    createdAt,
    lives ? 'goes on' : 'interrupted',
    runner === null ? '' : `${runner.hostname} (${runner.pid})`,
  ]);
  return inColumns([['ID', 'RUN', 'TARGET', 'COMMIT', 'OPEN', 'BEGAN', 'STATUS', 'RUNNER'], ...rows]);
}
