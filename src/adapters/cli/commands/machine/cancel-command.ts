import { escapeMessage } from '../../output/escape-control.js';
import type { CliContext } from '../../session/cli-context.js';
import { EXIT } from '../../session/exit-code.js';
import { sayWhatStays } from '../../session/say-what-stays.js';
import { type HostOptions, withOptions } from '../with-pikaci.js';
import { complainOfFault, onMachine } from './machine-session.js';

/** `pikaci machine cancel`: ends a step, whoever follows it. One that has ended is what was asked for. */
export async function machineCancelCommand(
  context: CliContext,
  id: string,
  step: string,
  options: HostOptions,
): Promise<number> {
  const left = () => [
    `the step ${step} of the machine ${id} may still run; to end it, and to see how it stands:`,
    `pikaci machine cancel ${id} ${step}${withOptions(options)}`,
    `pikaci machine logs ${id} ${step} --follow${withOptions(options)}`,
  ];
  const work = () => cancelStep(context, id, step, options);
  return sayWhatStays(context, { now: 'the step is being ended', left }, work);
}

function cancelStep(context: CliContext, id: string, step: string, options: HostOptions): Promise<number> {
  return onMachine(context, options, id, async (machine) => {
    const ended = await machine.cancelStep(step);
    if (ended.isErr()) return complainOfFault(context, ended.error);
    const { status, message } = ended.value;
    const ending = status === 'cancelled' ? 'was cancelled' : `had ended: ${escapeMessage(message)}`;
    context.stderr.write(`pikaci: the step ${step} ${ending}\n`);
    return EXIT.passed;
  });
}
