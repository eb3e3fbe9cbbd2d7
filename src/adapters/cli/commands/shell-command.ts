import type { CliContext } from '../session/cli-context.js';
import { EXIT } from '../session/exit-code.js';
import { showShell, terminalOrComplain } from './show-shell.js';
import { type HostOptions, loadOrComplain, withPikaci } from './with-pikaci.js';

/** `pikaci shell`: a terminal in a job's machine. The exit status is the shell's own. */
export async function shellCommand(
  context: CliContext,
  job: { readonly runId: string; readonly jobId: string },
  options: HostOptions,
): Promise<number> {
  const terminal = terminalOrComplain(context);
  if (terminal === null) return EXIT.usage;
  const loaded = await loadOrComplain(context, options, false);
  if (loaded === null) return EXIT.usage;
  return withPikaci(context, loaded, (pikaci) =>
    showShell(context, terminal, (call) => pikaci.shell(job.runId, job.jobId, call)),
  );
}
