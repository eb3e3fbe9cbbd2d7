import { type CliContext, complain } from '../cli-context.js';
import { EXIT, exitCodeOfFault } from '../exit-code.js';
import { faultLines } from '../output/fault-text.js';
import { type HostOptions, loadOrComplain, withPikaci } from './with-pikaci.js';

/** `pikaci shell`: a terminal in a job's machine. The exit status is the shell's own. */
export async function shellCommand(
  context: CliContext,
  job: { readonly runId: string; readonly jobId: string },
  options: HostOptions,
): Promise<number> {
  const { terminal, env } = context.input;
  const { signal } = context.interrupts;
  if (terminal === null) {
    complain(context, 'a shell needs a terminal: standard input and output must be one');
    return EXIT.usage;
  }
  const loaded = await loadOrComplain(context, options, false);
  if (loaded === null) return EXIT.usage;
  return withPikaci(context, loaded, async (pikaci) => {
    const term = env['TERM'];
    const call = { ...terminal.size(), signal, ...(term === undefined ? {} : { term }) };
    const opened = await pikaci.shell(job.runId, job.jobId, call);
    if (opened.isErr()) {
      complain(context, faultLines(opened.error).join('\n'));
      return exitCodeOfFault(opened.error);
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
      return signal.aborted ? EXIT.cancelled : EXIT.machinery;
    } finally {
      forget();
      keys.stop();
    }
  });
}
