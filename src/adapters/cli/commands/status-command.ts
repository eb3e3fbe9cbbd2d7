import { junitReport } from '../../../domain/records/junit-report.js';
import { jobStateLayout } from '../../../domain/records/run-layout.js';
import { coloursFor } from '../output/colours.js';
import { escapeLine } from '../output/escape-control.js';
import { pasteable } from '../output/pasteable.js';
import { type RecordedJob, runRecordLines } from '../output/run-record-lines.js';
import type { CliContext } from '../session/cli-context.js';
import { EXIT } from '../session/exit-code.js';
import { complainOfState, printJson, type StateOptions, stateRootOrComplain } from './state-root.js';

export interface JsonOptions extends StateOptions {
  readonly json?: boolean;
}

export interface StatusOptions extends JsonOptions {
  readonly output: 'human' | 'json' | 'junit';
}

/** `pikaci status`: what is recorded of a run. Exit status 0 whatever became of it. */
export async function statusCommand(
  context: CliContext,
  runId: string,
  options: StatusOptions,
): Promise<number> {
  const { runState, env, isTerminal } = context.input;
  const stateRoot = await stateRootOrComplain(context, options);
  if (stateRoot === null) return EXIT.usage;
  const run = await runState.loadRunRecord(stateRoot, runId, { signal: context.interrupts.signal });
  if (run.isErr()) return complainOfState(context, run.error);
  const output = options.json === true ? 'json' : options.output;
  if (output === 'json') printJson(context, run.value);
  else if (output === 'junit') context.stdout.write(junitReport(run.value));
  else {
    const colours = coloursFor({ env, isTerminal: isTerminal.stdout });
    const jobs = await endedJobs(context, { stateRoot, runId, jobs: run.value.jobs });
    const where = escapeLine(context.where);
    const lines = runRecordLines(run.value, colours, jobs).map((line) => pasteable(line, where));
    context.stdout.write(`${lines.join('\n')}\n`);
  }
  return EXIT.passed;
}

/** Of a job without a record that can be read only what the run's says is shown. */
async function endedJobs(
  { input, interrupts }: CliContext,
  of: {
    readonly stateRoot: string;
    readonly runId: string;
    readonly jobs: readonly { readonly id: string; readonly taken_over_from?: string | undefined }[];
  },
): Promise<ReadonlyMap<string, RecordedJob>> {
  const { stateRoot, runId } = of;
  const found = new Map<string, RecordedJob>();
  for (const { id, taken_over_from: from } of of.jobs) {
    const job = await input.runState.loadJob(stateRoot, runId, id, { signal: interrupts.signal });
    const outcome = job.isOk() ? job.value.outcome : null;
    const { artifactsDir } = jobStateLayout(stateRoot, from ?? runId, id);
    if (outcome !== null) found.set(id, { outcome, artifactsDir });
  }
  return found;
}
