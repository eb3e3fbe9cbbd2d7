import { inColumns } from '../output/columns.js';
import { type CliContext, complain } from '../session/cli-context.js';
import { EXIT } from '../session/exit-code.js';
import { complainOfState, printJson, stateRootOrComplain } from './state-root.js';
import type { JsonOptions } from './status-command.js';

/** `pikaci prepared-outputs`: what a run prepared, and where it is. */
export async function preparedOutputsCommand(
  context: CliContext,
  runId: string,
  options: JsonOptions,
): Promise<number> {
  const stateRoot = await stateRootOrComplain(context, options);
  if (stateRoot === null) return EXIT.usage;
  const { runState } = context.input;
  const { signal } = context.interrupts;
  const run = await runState.loadRunRecord(stateRoot, runId, { signal });
  if (run.isErr()) return complainOfState(context, run.error);
  const loaded = await runState.loadPreparedOutputs(stateRoot, runId, { signal });
  if (loaded.isErr()) return complainOfState(context, loaded.error);
  if (options.json === true) {
    printJson(context, loaded.value);
    return EXIT.passed;
  }
  const outputs = loaded.value?.outputs ?? [];
  if (outputs.length === 0) complain(context, `run ${runId} prepared nothing`);
  const rows = outputs.map((output) => [
    output.node_id,
    output.protocol,
    output.realized_path,
    output.exposures
      .map(({ path, access }) => `${path}${access === 'read_only' ? '' : ' (writable)'}`)
      .join(', '),
  ]);
  if (rows.length > 0) context.stdout.write(`${inColumns(rows).join('\n')}\n`);
  return EXIT.passed;
}
