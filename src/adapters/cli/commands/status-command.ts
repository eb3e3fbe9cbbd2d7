import { junitReport } from '../../../domain/records/junit-report.js';
import { coloursFor } from '../output/colours.js';
import { runRecordLines } from '../output/run-record-lines.js';
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
    context.stdout.write(`${runRecordLines(run.value, colours).join('\n')}\n`);
  }
  return EXIT.passed;
}
