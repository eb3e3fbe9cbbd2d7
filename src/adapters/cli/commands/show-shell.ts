import type { Result } from 'neverthrow';
import type { OpenMachineFault } from '../../../application/faults/machine-fault.js';
import type { GuestShell, ShellCall } from '../../../application/machine/guest-shell.js';
import { faultLines } from '../output/fault-text.js';
import type { CliTerminal } from '../process/cli-input.js';
import { type CliContext, complain } from '../session/cli-context.js';
import { EXIT, exitCodeOfFault } from '../session/exit-code.js';

/** Null after it was said that there is none. */
export function terminalOrComplain(context: CliContext): CliTerminal | null {
  const { terminal } = context.input;
  if (terminal === null) complain(context, 'a shell needs a terminal: standard input and output must be one');
  return terminal;
}

/** Exit statuses where a shell has none of its own. */
export interface CodesOfShell {
  /** It could not be had. */
  readonly ofFault: (fault: OpenMachineFault) => number;
  /** How it ended nobody knows. */
  readonly lost: number;
}

/** Shows a shell in the terminal until it ends. The exit status is the shell's own. */
export async function showShell(
  context: CliContext,
  terminal: CliTerminal,
  open: (call: ShellCall) => Promise<Result<GuestShell, OpenMachineFault>>,
  { ofFault, lost }: CodesOfShell = { ofFault: exitCodeOfFault, lost: EXIT.systemFailure },
): Promise<number> {
  const { signal } = context.interrupts;
  const term = context.input.env['TERM'];
  const opened = await open({ ...terminal.size(), signal, ...(term === undefined ? {} : { term }) });
  if (opened.isErr()) {
    complain(context, faultLines(opened.error).join('\n'));
    return ofFault(opened.error);
  }
  await using shell = opened.value;
  // In raw mode Ctrl-C is a byte like any other, and goes to the guest.
  const keys = terminal.read((data) => void shell.write(data));
  const forget = terminal.onResize(() => void shell.resize(terminal.size()));
  try {
    for await (const { data } of shell.output) {
      context.stdout.write(data);
      await context.stdout.drained();
    }
    const exit = await shell.exit;
    if (exit.isOk()) return exit.value.code ?? EXIT.cancelled;
    complain(context, exit.error.message);
    return signal.aborted ? EXIT.cancelled : lost;
  } finally {
    forget();
    keys.stop();
  }
}
