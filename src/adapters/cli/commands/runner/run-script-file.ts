import { err, type Result } from 'neverthrow';
import type { OpenMachineFault } from '../../../../application/faults/machine-fault.js';
import type { OpenMachine } from '../../../../application/open-machine/open-machine.js';
import type { StepResult } from '../../../../application/open-machine/run-step.js';
import { escapeMessage } from '../../output/escape-control.js';
import type { CliContext } from '../../session/cli-context.js';
import { logOutput } from '../log-output.js';

/** A runner has a timeout of its own, and ends this process by it. */
const LONGEST_SECS = 7 * 24 * 3600;

export interface ScriptFile {
  /** Id of the step. */
  readonly step: string;
  /** Sent before it begins. As files, and no arguments: they have tokens in them. */
  readonly files: readonly { readonly local: string; readonly path: string }[];
  readonly command: readonly string[];
  /** By names; masked. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Between TERM and KILL, in seconds. */
  readonly graceSecs?: number;
}

/** Runs a script of a CI runner's job as a step, and passes its output on as it comes. A signal ends it. */
export async function runScriptFile(
  context: CliContext,
  machine: OpenMachine,
  { step, files, command, secrets, graceSecs }: ScriptFile,
): Promise<Result<StepResult, OpenMachineFault>> {
  const { signal, hurry } = context.interrupts;
  for (const { local, path } of files) {
    const sent = await machine.upload(local, path, { signal });
    if (sent.isErr()) return err(sent.error);
  }
  const output = logOutput(context, {});
  const result = await machine.run({
    id: step,
    command: [...command],
    workingDirectory: '/',
    secrets: { ...secrets },
    timeoutSecs: LONGEST_SECS,
    ...(graceSecs === undefined ? {} : { graceSecs }),
    onOutput: async (data) => {
      output.write(step, data);
      await context.stdout.drained();
    },
    signal,
    hurry,
  });
  output.endAll();
  if (result.isOk())
    for (const warning of result.value.warnings)
      context.stderr.write(`pikaci: warning: ${escapeMessage(warning)}\n`);
  return result;
}
