import type { Result } from 'neverthrow';
import type { MachineStep, OpenMachineSpec } from '../../domain/machine/open-machine-spec.js';
import { wordBytes } from '../../domain/machine/step-values.js';
import { environmentBytes, whyTooLong } from '../../domain/values/environment.js';
import type { OpenMachineFault } from '../faults/machine-fault.js';
import { isError, known, traceResultOf } from '../trace/trace-result.js';
import type { HeldMachine } from './held-machine.js';
import { runStep, type StepCallOptions, type StepResult } from './run-step.js';

/** Runs a step within a span, of which its command is told. */
export async function runTracedStep(
  held: HeldMachine,
  stepId: string,
  step: MachineStep,
  options: StepCallOptions,
): Promise<Result<StepResult, OpenMachineFault>> {
  const { parts, id, machine, spec } = held.input;
  const { tracer, clock } = parts.ports;
  const span = tracer.begin({
    name: stepId,
    kind: 'internal',
    startMs: clock.now(),
    attributes: { 'pikaci.machine.id': id, 'pikaci.step.id': stepId, 'cicd.worker.name': machine.name },
  });
  const ran = await runStep(held, stepId, step, {
    ...options,
    machineEnv: environmentIn(span.traceparent, spec, step),
  });
  const endMs = clock.now();
  if (ran.isErr()) {
    const { kind, message } = ran.error;
    span.end({ endMs, attributes: { 'pikaci.step.result': 'error', 'error.type': kind }, error: message });
    return ran;
  }
  const { status, cause, exitCode, message } = ran.value;
  const result = traceResultOf(status, cause);
  span.end({
    endMs,
    attributes: known({
      'pikaci.step.result': result,
      'process.exit.code': exitCode,
      'error.type': isError(result) ? cause : null,
    }),
    ...(isError(result) ? { error: message } : {}),
  });
  return ran;
}

/** The machine's variables with the span below them. Those that leave no room for it stay as they are. */
function environmentIn(
  traceparent: string | null,
  { env }: OpenMachineSpec,
  step: MachineStep,
): Readonly<Record<string, string>> {
  if (traceparent === null) return env;
  const told = { TRACEPARENT: traceparent, ...env };
  return whyTooLong(told, environmentBytes(step.env) + wordBytes(step.shell)) === null ? told : env;
}
