import { coloursFor } from '../output/colours.js';
import { runRecordLines } from '../output/run-record-lines.js';
import type { CliContext } from '../session/cli-context.js';
import { EXIT } from '../session/exit-code.js';
import { complainOfState, printJson, type StateOptions, stateRootOrComplain } from './state-root.js';

export interface JsonOptions extends StateOptions {
  readonly json?: boolean;
}

/** `pikaci status`: what is recorded of a run. Exit status 0 whatever became of it. */
export async function statusCommand(
  context: CliContext,
  runId: string,
  options: JsonOptions,
): Promise<number> {
  const { runState, env, isTerminal } = context.input;
  const stateRoot = await stateRootOrComplain(context, options);
  if (stateRoot === null) return EXIT.usage;
  const run = await runState.loadRunRecord(stateRoot, runId, { signal: context.interrupts.signal });
  if (run.isErr()) return complainOfState(context, run.error);
  if (options.json === true) printJson(context, run.value);
  else {
    const colours = coloursFor({ env, isTerminal: isTerminal.stdout });
    context.stdout.write(`${runRecordLines(run.value, colours).join('\n')}\n`);
  }
  return EXIT.passed;
}
