import { escapeMessage } from '../output/escape-control.js';
import { pasteable } from '../output/pasteable.js';
import type { StreamOutput } from '../output/stream-output.js';
import type { CliInput } from '../process/cli-input.js';
import type { Interrupts } from '../process/interrupts.js';

/** What every command is given. */
export interface CliContext {
  readonly input: CliInput;
  readonly stdout: StreamOutput;
  readonly stderr: StreamOutput;
  readonly interrupts: Interrupts;
  /** The options that say where things are, for commands that are to be pasted; each with a blank in front. Known once a command has begun. */
  where: string;
}

/** Says on standard error what is wrong. */
export function complain(context: CliContext, message: string): void {
  context.stderr.write(`pikaci: ${escapeMessage(pasteable(message, context.where))}\n`);
}

/** Of what was thrown, which nothing of pikaci's does on purpose. */
export function complainOfBug(context: CliContext, error: unknown): void {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  context.stderr.write(`pikaci: this is a bug in pikaci, please report it\n  ${escapeMessage(stack)}\n`);
}
