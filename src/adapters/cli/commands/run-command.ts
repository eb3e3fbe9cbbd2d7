import type { OnAbort } from '../../../application/pikaci.js';
import { runIdAt } from '../../../domain/run-id.js';
import { type CliContext, complain } from '../cli-context.js';
import { resolveSecrets } from '../config/resolve-secrets.js';
import { EXIT } from '../exit-code.js';
import { runSession } from '../job-session.js';
import { makeView, type OutputFormat } from './make-view.js';
import { selectJobs } from './select-jobs.js';
import { type HostOptions, loadOrComplain, withPikaci } from './with-pikaci.js';

export interface RunOptions extends HostOptions {
  readonly output: OutputFormat;
  readonly job: readonly string[];
  readonly runId?: string;
  readonly onInterrupt: OnAbort;
}

/** `pikaci run`: the jobs of a target, under one run id. */
export async function runCommand(
  context: CliContext,
  target: string | undefined,
  options: RunOptions,
): Promise<number> {
  const { clock, env, randomBytes } = context.input;
  const loaded = await loadOrComplain(context, options, true);
  if (loaded === null) return EXIT.usage;
  const selection = selectJobs({ targets: loaded.config.targets, target, jobs: options.job });
  if (selection.isErr()) {
    complain(context, selection.error);
    return EXIT.usage;
  }
  const jobs = resolveSecrets({ loaded, env, ...selection.value });
  if (jobs.isErr()) {
    complain(context, jobs.error.message);
    return EXIT.usage;
  }
  const runId = options.runId ?? runIdAt(clock.now(), randomBytes(3));
  return withPikaci(context, loaded, (pikaci) =>
    runSession({
      runId,
      host: pikaci.host,
      target: selection.value.targetName,
      jobs: jobs.value.map((job) => ({
        jobId: job.id,
        start: (call) => pikaci.runJob({ ...call, job, runId, workspace: loaded.baseDir }),
      })),
      parallel: selection.value.target.parallel,
      onAbort: options.onInterrupt,
      view: makeView(options.output, context),
      interrupts: context.interrupts,
      clock,
    }),
  );
}
