import type { Pikaci } from '../../../../application/api/pikaci.js';
import type { OpenMachineFault } from '../../../../application/faults/machine-fault.js';
import type { OpenMachine } from '../../../../application/open-machine/open-machine.js';
import { faultLines } from '../../output/fault-text.js';
import { type CliContext, complain } from '../../session/cli-context.js';
import { EXIT, exitCodeOfFault } from '../../session/exit-code.js';
import { type HostOptions, loadOrComplain, withPikaci } from '../with-pikaci.js';

/** The exit status that a fault means for a command. */
export type CodeOfFault = (fault: OpenMachineFault) => number;

export function complainOfFault(
  context: CliContext,
  fault: OpenMachineFault,
  codeOf: CodeOfFault = exitCodeOfFault,
): number {
  complain(context, faultLines(fault).join('\n'));
  return codeOf(fault);
}

/** Opens the library for what the options say. */
export async function onHost(
  context: CliContext,
  options: HostOptions,
  use: (pikaci: Pikaci) => Promise<number>,
): Promise<number> {
  const loaded = await loadOrComplain(context, options);
  if (loaded === null) return EXIT.usage;
  return withPikaci(context, loaded, use);
}

/** Takes a machine up for one command, and leaves it afterwards: its lease begins anew. */
export function onMachine(
  context: CliContext,
  options: HostOptions,
  id: string,
  use: (machine: OpenMachine) => Promise<number>,
  codeOf: CodeOfFault = exitCodeOfFault,
): Promise<number> {
  return onHost(context, options, async (pikaci) => {
    const attached = await pikaci.attachMachine(id, { signal: context.interrupts.signal });
    if (attached.isErr()) return complainOfFault(context, attached.error, codeOf);
    const machine = attached.value;
    const code = await use(machine);
    const left = await machine.leave();
    if (left.isErr()) complain(context, `the lease of ${id} was not renewed: ${left.error.message}`);
    return code;
  });
}
