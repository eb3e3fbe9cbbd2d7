import type { CliContext } from '../session/cli-context.js';
import { EXIT } from '../session/exit-code.js';
import { sayWhatStays } from '../session/say-what-stays.js';
import { showShell, terminalOrComplain } from './show-shell.js';
import { type HostOptions, loadOrComplain, withOptions, withPikaci } from './with-pikaci.js';

/** `pikaci shell`: a terminal in a job's machine. The exit status is the shell's own. */
export async function shellCommand(
  context: CliContext,
  job: { readonly runId: string; readonly jobId: string },
  options: HostOptions,
): Promise<number> {
  const terminal = terminalOrComplain(context);
  if (terminal === null) return EXIT.usage;
  const loaded = await loadOrComplain(context, options);
  if (loaded === null) return EXIT.usage;
  const left = () => [
    `what was begun in the shell may go on in the machine of ${job.runId}/${job.jobId}, which is as it was; to remove it once its lease has ended:`,
    `pikaci gc --remote${withOptions(options)}`,
  ];
  return sayWhatStays(context, { now: 'the shell is being ended', left }, () =>
    withPikaci(context, loaded, (pikaci) =>
      showShell(context, terminal, (call) => pikaci.shell(job.runId, job.jobId, call)),
    ),
  );
}
