import type { Result } from 'neverthrow';
import type { OpenMachineFault } from '../../../../application/faults/machine-fault.js';
import type { OpenMachine } from '../../../../application/open-machine/open-machine.js';
import type { StepResult } from '../../../../application/open-machine/run-step.js';
import { escapeMessage } from '../../output/escape-control.js';
import { faultLines } from '../../output/fault-text.js';
import { type CliContext, complain } from '../../session/cli-context.js';
import { EXIT } from '../../session/exit-code.js';
import type { HostOptions } from '../with-pikaci.js';
import { onMachine } from './machine-session.js';

/** The exit status is a command's own, so what failed around it is told apart as docker and podman do. */
const MACHINERY_EXIT = 125;

/** Follows one step of a machine on standard output. Its exit code is the exit status; 125 when there is none. */
export async function followStepOf(
  context: CliContext,
  id: string,
  options: HostOptions,
  start: (
    machine: OpenMachine,
    onOutput: (data: Uint8Array) => Promise<void>,
  ) => Promise<Result<StepResult, OpenMachineFault>>,
): Promise<number> {
  let exitCode: number | null = null;
  await onMachine(context, options, id, async (machine) => {
    const result = await start(machine, async (data) => {
      context.stdout.write(data);
      await context.stdout.drained();
    });
    if (result.isOk()) exitCode = told(context, id, result.value);
    else complain(context, faultLines(result.error).join('\n'));
    return EXIT.passed;
  });
  return exitCode ?? (context.interrupts.signal.aborted ? EXIT.cancelled : MACHINERY_EXIT);
}

function told(context: CliContext, id: string, result: StepResult): number | null {
  const { stepId, exitCode, cause } = result;
  if (cause === 'exit' && exitCode !== null) return exitCode;
  const said =
    cause === 'detached'
      ? `goes on: "pikaci machine logs ${id} ${stepId} --follow" shows it`
      : escapeMessage(result.message);
  context.stderr.write(`pikaci: the step ${stepId} ${said}\n`);
  return cause === 'detached' || result.status === 'cancelled' ? EXIT.cancelled : exitCode;
}
