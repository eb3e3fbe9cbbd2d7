import { CommanderError } from 'commander';
import { escapeMessage } from './output/escape-control.js';
import { StreamOutput } from './output/stream-output.js';
import type { CliInput } from './process/cli-input.js';
import { Interrupts } from './process/interrupts.js';
import { buildProgram } from './program/program.js';
import { within } from './session/clean-up-wait.js';
import { type CliContext, complainOfBug } from './session/cli-context.js';
import { EXIT } from './session/exit-code.js';

/** For the last words of a process that leaves at once; a reader that does not take them in that time has lost them. */
const LAST_WORDS_MS = 1000;

/**
 * The command line, without a process: gives the exit status (see `exitCodeOf`) once everything is written. After a
 * second interrupt work may still be under way: the caller ends the process with the status.
 */
export async function runCli(input: CliInput): Promise<number> {
  const interrupts = new Interrupts(input.onSignal);
  // A reader that has gone (`pikaci run | head`) wants no more of it: the same as a first Ctrl-C.
  const stdout = new StreamOutput(input.stdout, (error) => interrupts.abort(readerGone(error)));
  const stderr = new StreamOutput(input.stderr);
  const context: CliContext = { input, stdout, stderr, interrupts, where: '' };
  interrupts.listen();
  try {
    const left = interrupts.left.then(() => 'left' as const);
    const written = async () => {
      const code = await execute(context);
      await Promise.all([stdout.flushed(), stderr.flushed()]);
      return code;
    };
    const code = await Promise.race([written(), left]);
    if (code === 'left') {
      await within(Promise.all([stdout.flushed(), stderr.flushed()]), LAST_WORDS_MS, input.clock);
      return EXIT.cancelled;
    }
    const failure = stdout.failure;
    if (failure === null || failure.code === 'EPIPE') return code;
    stderr.write(`pikaci: cannot write to standard output: ${escapeMessage(failure.message)}\n`);
    return EXIT.systemFailure;
  } finally {
    interrupts.stopListening();
  }
}

function readerGone(error: NodeJS.ErrnoException): string {
  return error.code === 'EPIPE'
    ? 'the reader of standard output has gone'
    : 'standard output cannot be written';
}

async function execute(context: CliContext): Promise<number> {
  let code: number = EXIT.usage;
  const program = buildProgram(context, (exit) => {
    code = exit;
  });
  try {
    await program.parseAsync([...context.input.argv], { from: 'user' });
    return context.interrupts.wasEarly ? EXIT.cancelled : code;
  } catch (error) {
    // Commander ends help and version with 0 and every misuse with 1.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.passed : EXIT.usage;
    complainOfBug(context, error);
    return EXIT.systemFailure;
  }
}
