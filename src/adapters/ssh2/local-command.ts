import type { RemoteShell } from '../../ports/remote-shell.js';
import { awakeTimeout } from '../../streams/awake-timer.js';
import type { SshEnvironment } from './options.js';

/** A command of the configuration decides in this time, milliseconds. */
const EXEC_MS = 30_000;

/** A command of the configuration as OpenSSH runs it: the user's shell reads it, and is replaced by it. */
export function shellCommand(environment: SshEnvironment, command: string): [string, ...string[]] {
  return [environment.shell ?? '/bin/sh', '-c', `exec ${command}`];
}

/** What a command of the configuration finds, as with `ssh`: all variables. Others have names that only a shell knows, such as its functions. */
export function commandEnvironment({ variables }: SshEnvironment): Record<string, string> | undefined {
  if (variables === undefined) return undefined;
  const named = Object.entries(variables).filter(([name]) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name));
  return Object.fromEntries(named.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}

/** Whether a command of `Match exec` succeeds on this machine. Throws when it could not be run or did not end in time. */
export async function runsLocally(
  shell: Pick<RemoteShell, 'spawn'>,
  environment: SshEnvironment,
  command: string,
): Promise<boolean> {
  const failed = (message: string) => new Error(`Match exec "${command}": ${message}`);
  // OpenSSH has the shell read this one as it is (readconf.c, execute_in_shell).
  const argv = [environment.shell ?? '/bin/sh', '-c', command] as const;
  using bound = awakeTimeout(EXEC_MS);
  const env = commandEnvironment(environment);
  const spawned = await shell.spawn(env === undefined ? { argv } : { argv, env }, { signal: bound.signal });
  if (spawned.isErr()) throw failed(spawned.error.message);
  await using running = spawned.value;
  for await (const _ of running.output) {
    // What it prints is of no interest, but it has to be read.
  }
  const exit = await running.exit;
  if (exit.isErr())
    throw failed(exit.error.kind === 'aborted' ? `not over in ${EXEC_MS} ms` : exit.error.message);
  return exit.value.code === 0;
}
