import type { CliContext } from '../../session/cli-context.js';
import { EXIT } from '../../session/exit-code.js';
import { cutText, sayCut } from '../cut-log.js';
import { logOutput, type RawOption } from '../log-output.js';
import { complainOfState, stateRootOrComplain } from '../state-root.js';
import type { HostOptions } from '../with-pikaci.js';
import { followStepOf } from './step-end.js';

export interface MachineLogsOptions extends HostOptions, RawOption {
  readonly follow?: boolean;
}

/** `pikaci machine logs`: what is kept of a step's output; with `--follow`, what comes as well, until the step has ended. */
export async function machineLogsCommand(
  context: CliContext,
  id: string,
  step: string,
  options: MachineLogsOptions,
): Promise<number> {
  const stateRoot = await stateRootOrComplain(context, options);
  if (stateRoot === null) return EXIT.usage;
  const { stdout, input, interrupts } = context;
  const { signal } = interrupts;
  if (options.follow === true)
    return followStepOf(context, { id, step, onAbort: 'detach' }, options, (machine, onOutput) =>
      machine.attachStep(step, { onOutput, signal, onAbort: 'detach', replay: true }),
    );
  const output = logOutput(context, options);
  for (let offset = 0; ; ) {
    const part = await input.runState.readStepLog(stateRoot, id, { step, offset, signal });
    if (part.isErr()) return complainOfState(context, part.error);
    const { data } = part.value;
    if (data.length === 0) {
      const { writtenBytes: written, size: kept } = part.value;
      output.endAll();
      if (written !== undefined)
        sayCut(context, { kept, text: cutText({ who: `the step ${step}`, written, kept }) }, output);
      return EXIT.passed;
    }
    output.write(step, data);
    offset += data.length;
    await stdout.drained();
  }
}
