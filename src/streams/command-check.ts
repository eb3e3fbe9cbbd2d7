import type { Command } from '../ports/remote-shell.js';

const ENV_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Why a command cannot be run as data, or `null`. Every shell checks the same things, so that a fake refuses what a host would. */
export function commandProblem(command: Command): string | null {
  const [program] = command.argv;
  if (program === undefined || program === '') return 'the command is empty';
  if (command.argv.some((word) => word.includes('\0'))) return 'an argument has a NUL byte';
  if (command.cwd !== undefined && !command.cwd.startsWith('/'))
    return 'the working directory is not absolute';
  if (command.cwd?.includes('\0')) return 'the working directory has a NUL byte';
  for (const [name, value] of Object.entries(command.env ?? {})) {
    if (!ENV_NAME.test(name)) return `not a variable name: ${JSON.stringify(name)}`;
    if (value.includes('\0')) return `the variable ${name} has a NUL byte`;
  }
  return null;
}
