import type { Result } from 'neverthrow';
import type { OpenMachineFault } from '../../../../application/faults/machine-fault.js';
import type { OpenMachine } from '../../../../application/open-machine/open-machine.js';
import type { StepResult } from '../../../../application/open-machine/run-step.js';
import { escapeLine, escapeMessage } from '../../output/escape-control.js';
import { pasteable } from '../../output/pasteable.js';
import { isRefusal } from '../../output/refusal.js';
import type { CliContext } from '../../session/cli-context.js';
import { EXIT } from '../../session/exit-code.js';
import { sayWhatStays } from '../../session/say-what-stays.js';
import { endLineOf, logOutput, type RawOption } from '../log-output.js';
import { type HostOptions, withOptions } from '../with-pikaci.js';
import { complainOfFault, onMachine } from './machine-session.js';

/** The exit status is a command's own, so what failed around it is told apart as docker and podman do. */
export const MACHINERY_EXIT = 125;

export interface FollowedStep {
  /** Of the machine. */
  readonly id: string;
  readonly step: string;
  readonly onAbort: 'cancel' | 'detach';
}

/** Follows one step of a machine on standard output. Its exit code is the exit status; 125 when there is none, 2 for bad usage. */
export async function followStepOf(
  context: CliContext,
  { id, step, onAbort }: FollowedStep,
  options: HostOptions & RawOption,
  start: (
    machine: OpenMachine,
    onOutput: (data: Uint8Array) => Promise<void>,
  ) => Promise<Result<StepResult, OpenMachineFault>>,
): Promise<number> {
  const codeOf = (fault: OpenMachineFault) => codeAround(context, fault);
  const use = (machine: OpenMachine) =>
    showStep(context, { id, step }, options, (onOutput) => start(machine, onOutput));
  const left = () => [
    `the step ${step} may still run in the machine ${id}; to see how it stands, and to end it:`,
    `pikaci machine logs ${id} ${step} --follow${withOptions(options)}`,
    `pikaci machine cancel ${id} ${step}${withOptions(options)}`,
  ];
  const now = onAbort === 'cancel' ? 'the step is being ended' : 'the step is left running';
  return sayWhatStays(context, { now, left }, () => onMachine(context, options, id, use, codeOf));
}

/** Shows one step to its end; the exit status is as for `followStepOf`. */
export async function showStep(
  context: CliContext,
  { id, step }: Omit<FollowedStep, 'onAbort'>,
  options: HostOptions & RawOption,
  start: (onOutput: (data: Uint8Array) => Promise<void>) => Promise<Result<StepResult, OpenMachineFault>>,
): Promise<number> {
  const output = logOutput(context, options);
  const result = await start(async (data) => {
    output.write(step, data);
    await context.stdout.drained();
  });
  output.endAll();
  const isSilent = result.isOk() && result.value.cause === 'exit' && result.value.warnings.length === 0;
  if (!isSilent) endLineOf(output, context);
  if (result.isErr()) return complainOfFault(context, result.error, (fault) => codeAround(context, fault));
  return told(context, { id, where: withOptions(options) }, result.value) ?? noCode(context);
}

/** A value that cannot be is bad usage; a machine that is not there, or no more, is not. */
export function codeAround(context: CliContext, fault: OpenMachineFault): number {
  const isMissing = fault.kind === 'no_such_machine' || fault.kind === 'machine_released';
  if (isRefusal(fault) && !isMissing) return EXIT.usage;
  return fault.kind === 'cancelled' ? EXIT.cancelled : noCode(context);
}

function noCode({ interrupts }: CliContext): number {
  return interrupts.signal.aborted ? EXIT.cancelled : MACHINERY_EXIT;
}

function told(
  context: CliContext,
  { id, where }: { readonly id: string; readonly where: string },
  result: StepResult,
): number | null {
  const { stepId, exitCode, cause } = result;
  for (const warning of result.warnings)
    context.stderr.write(
      `pikaci: warning: the step ${stepId}: ${pasteable(escapeMessage(warning), escapeLine(where))}\n`,
    );
  if (cause === 'exit' && exitCode !== null) return exitCode;
  const ending =
    cause === 'detached'
      ? `goes on: "pikaci machine logs ${id} ${stepId} --follow${where}" shows it`
      : escapeMessage(result.message);
  const named = cause === 'oom' || cause === 'disk_full' ? `${stepId}:` : stepId;
  context.stderr.write(`pikaci: the step ${named} ${pasteable(ending, escapeLine(where))}\n`);
  return cause === 'detached' || result.status === 'cancelled' ? EXIT.cancelled : exitCode;
}
