import { quoteWords } from '../../domain/values/shell-words.js';
import type { Command } from '../../ports/remote-shell.js';

/** Marks every process of one command, so that those that left its process group are found too (as Jenkins does with BUILD_ID). */
export const TOKEN_VARIABLE = 'PIKACI_COMMAND';

/**
 * Runs in the host's /bin/sh before the command takes its place. Changes directory, sets the variables (every word up to `--`),
 * and says on standard output which process it is: sshd made it the leader of a session and group of its own. Then it becomes
 * the command, so that the exit status is the command's own.
 */
const START_SCRIPT = [
  'if [ -n "$2" ]; then cd -- "$2" || { printf "%s cwd\\n" "$1"; exit 126; }; fi',
  'printf "%s %s\\n" "$1" "$$"',
  'shift 2',
  'while [ "$1" != -- ]; do export "$1"; shift; done',
  'shift',
  'exec "$@"',
].join('\n');

/** Linux refuses a single argument of 128 KiB (MAX_ARG_STRLEN), and sshd hands the whole line to the login shell as one. */
export const MAX_COMMAND_LINE_BYTES = 128 * 1024 - 1;

/** What is sent to the login shell, which has to be a POSIX-like one (sh, dash, bash, zsh, ash). */
export function commandLine(command: Command, token: string): string {
  const variables = Object.entries(command.env ?? {}).map(([name, value]) => `${name}=${value}`);
  return `exec /bin/sh -c ${quoteWords([
    START_SCRIPT,
    'pikaci',
    token,
    command.cwd ?? '',
    `${TOKEN_VARIABLE}=${token}`,
    ...variables,
    '--',
    ...command.argv,
  ])}`;
}
