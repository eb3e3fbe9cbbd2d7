import { err, ok, type Result } from 'neverthrow';
import type { Command, RemoteShell } from '../../ports/remote-shell.js';
import type { JobFault } from '../faults/job-fault.js';

const MOST_STDOUT = 16 * 1024 * 1024;
const MESSAGE_TAIL = 2000;

export interface RunCommandOptions {
  /** For messages: what the command is there for. */
  readonly purpose: string;
  readonly timeoutSecs: number;
  readonly signal: AbortSignal;
  readonly onOutput: (data: Uint8Array) => Promise<void>;
}

/** Runs a command that has to succeed; its standard output comes back. A failure carries the end of what it said. */
export async function runCommand(
  shell: RemoteShell,
  command: Command,
  { purpose, timeoutSecs, signal, onOutput }: RunCommandOptions,
): Promise<Result<Uint8Array, JobFault>> {
  const timeout = AbortSignal.timeout(timeoutSecs * 1000);
  const failed = (message: string): JobFault => ({
    kind: signal.aborted ? 'cancelled' : 'prepare_failed',
    phase: null,
    host: shell.host,
    message: `${purpose}: ${message}`,
  });
  const spawned = await shell.spawn(command, { signal: AbortSignal.any([signal, timeout]) });
  if (spawned.isErr()) return err({ ...failed(spawned.error.message), cause: spawned.error });
  await using running = spawned.value;
  const stdout: Uint8Array[] = [];
  let length = 0;
  let said = '';
  const decoder = new TextDecoder();
  for await (const { stream, data } of running.output) {
    await onOutput(data);
    if (stream === 'stdout') {
      length += data.length;
      if (length <= MOST_STDOUT) stdout.push(data);
    }
    said = (said + decoder.decode(data, { stream: true })).slice(-MESSAGE_TAIL);
  }
  const exit = await running.exit;
  if (exit.isErr()) {
    const why = timeout.aborted && !signal.aborted ? `not done within ${timeoutSecs} s` : exit.error.message;
    return err({ ...failed(why), cause: exit.error });
  }
  const { code, signal: killer } = exit.value;
  if (code === 0 && length <= MOST_STDOUT) return ok(Buffer.concat(stdout));
  if (code === 0) return err(failed(`printed more than ${MOST_STDOUT} bytes`));
  const how = code === null ? `ended by ${killer}` : `ended with ${code}`;
  return err(failed(`${command.argv[0]} ${how}${said.trim() === '' ? '' : `:\n${said.trim()}`}`));
}
