import { join } from 'node:path';
import { jobStateLayout } from '../../../domain/records/run-layout.js';
import type { ArtifactsDocument } from '../../../domain/records/state-documents.js';
import { inColumns } from '../output/columns.js';
import { formatBytes } from '../output/quantities.js';
import { type CliContext, complain } from '../session/cli-context.js';
import { EXIT } from '../session/exit-code.js';
import { complainOfState, printJson, stateRootOrComplain } from './state-root.js';
import type { JsonOptions } from './status-command.js';

/** `pikaci artifacts`: what the jobs of a run brought back, and where it lies. */
export async function artifactsCommand(
  context: CliContext,
  runId: string,
  options: JsonOptions,
): Promise<number> {
  const { runState } = context.input;
  const { signal } = context.interrupts;
  const stateRoot = await stateRootOrComplain(context, options);
  if (stateRoot === null) return EXIT.usage;
  const run = await runState.loadRunRecord(stateRoot, runId, { signal });
  if (run.isErr()) return complainOfState(context, run.error);
  const jobs: ArtifactsDocument['jobs'] = [];
  for (const { id, taken_over_from: from } of run.value.jobs) {
    const job = await runState.loadJob(stateRoot, runId, id, { signal });
    // A job that did not begin has no record, and no artifacts.
    if (job.isErr() && job.error.kind === 'no_such_job') continue;
    if (job.isErr()) return complainOfState(context, job.error);
    const artifacts = job.value.outcome?.artifacts;
    jobs.push({
      id,
      directory: jobStateLayout(stateRoot, from ?? runId, id).artifactsDir,
      artifacts: [...(artifacts?.collected ?? [])],
      refused_count: artifacts?.refused_count ?? 0,
      incomplete: artifacts?.incomplete ?? null,
    });
  }
  if (options.json === true) {
    printJson(context, {
      type: 'artifacts',
      schema_version: 1,
      run_id: runId,
      jobs,
    } satisfies ArtifactsDocument);
    return EXIT.passed;
  }
  const rows = jobs.flatMap(({ directory, artifacts }) =>
    artifacts.map(({ path, bytes }) => [formatBytes(bytes), join(directory, path)]),
  );
  if (rows.length === 0) complain(context, `run ${runId} brought nothing back`);
  else context.stdout.write(`${inColumns(rows).join('\n')}\n`);
  return EXIT.passed;
}
