import { LogWriter, logForm } from '../output/log-writer.js';
import type { CliContext } from '../session/cli-context.js';

export interface RawOption {
  /** A terminal gets a log as it is, and not only its colours. */
  readonly raw?: boolean;
}

/** What writes logs to standard output; all that guests have written goes there through it, or through a view. */
export function logOutput(
  { stdout, input }: CliContext,
  { raw, prefixed = false }: RawOption & { readonly prefixed?: boolean },
): LogWriter {
  const form = logForm({ isTerminal: input.isTerminal.stdout, raw: raw === true });
  return new LogWriter(stdout, { prefixed, form });
}

/** Ends the line in which a log has left the terminal, for a message of pikaci's own. */
export function endLineOf(output: Pick<LogWriter, 'breakLine'>, { input, stderr }: CliContext): void {
  const { isTerminal } = input;
  if (isTerminal.stdout && isTerminal.stderr && output.breakLine()) stderr.write('\n');
}
