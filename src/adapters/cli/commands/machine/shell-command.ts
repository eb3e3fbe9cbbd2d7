import type { CliContext } from '../../session/cli-context.js';
import { EXIT } from '../../session/exit-code.js';
import { sayWhatStays } from '../../session/say-what-stays.js';
import { showShell, terminalOrComplain } from '../show-shell.js';
import { type HostOptions, withOptions } from '../with-pikaci.js';
import { onMachine } from './machine-session.js';

/** `pikaci machine shell`: a terminal in an open machine. The exit status is the shell's own. */
export async function machineShellCommand(
  context: CliContext,
  id: string,
  options: HostOptions,
): Promise<number> {
  const terminal = terminalOrComplain(context);
  if (terminal === null) return EXIT.usage;
  const left = () => [
    `the machine ${id} stays until its lease ends, and what was begun in the shell may go on in it; to remove it:`,
    `pikaci machine close ${id}${withOptions(options)}`,
  ];
  return sayWhatStays(context, { now: 'the shell is being ended', left }, () =>
    onMachine(context, options, id, (machine) => showShell(context, terminal, (call) => machine.shell(call))),
  );
}
