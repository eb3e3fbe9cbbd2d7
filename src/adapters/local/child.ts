import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { err, ok, type Result } from 'neverthrow';
import type { Command } from '../../ports/remote-shell.js';

/** Marks every process of one command, so that those that left its process group are found too. */
const TOKEN_VARIABLE = 'PIKACI_COMMAND';

export interface StartedChild {
  readonly child: ChildProcessWithoutNullStreams;
  readonly pid: number;
  /** `NAME=value` as it stands in the processes' environment. */
  readonly token: string;
}

/** A command that could not take its place: the status that a shell gives then, and what it would say. */
export interface Unstarted {
  readonly code: 126 | 127;
  readonly message: string;
}

/** Starts a command as the leader of a session of its own. `Err` with a sentence when not even a shell could have tried. */
export async function startChild(
  command: Command,
  environment: NodeJS.ProcessEnv,
): Promise<Result<StartedChild | Unstarted, string>> {
  const [program, ...words] = command.argv;
  // A missing directory and a missing program are one ENOENT to spawn(2)'s caller.
  if (command.cwd !== undefined && !(await isDirectory(command.cwd))) return err('no such working directory');
  const token = randomBytes(12).toString('hex');
  const child = spawn(program, words, {
    detached: true,
    stdio: 'pipe',
    env: { ...environment, ...command.env, [TOKEN_VARIABLE]: token },
    ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
  });
  const { pid } = child;
  if (pid !== undefined) {
    child.on('error', () => {});
    return ok({ child, pid, token: `${TOKEN_VARIABLE}=${token}` });
  }
  const error = await new Promise<NodeJS.ErrnoException>((resolve) => child.once('error', resolve));
  if (error.code === 'ENOENT') return ok({ code: 127, message: `${program}: not found\n` });
  if (error.code === 'EACCES') return ok({ code: 126, message: `${program}: permission denied\n` });
  return err(error.message);
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
