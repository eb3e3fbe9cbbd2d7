import { err, ok, type Result } from 'neverthrow';
import type { Command, RemoteShell, ShellFault } from '../../ports/remote-shell.js';
import { awakeTimeout } from '../../streams/awake-timer.js';
import type { JobFault } from '../faults/job-fault.js';

const MOST_STDOUT = 16 * 1024 * 1024;
const MESSAGE_TAIL = 2000;

export interface RunCommandOptions {
  /** For messages: what the command is there for. */
  readonly purpose: string;
  readonly timeoutSecs: number;
  readonly signal: AbortSignal;
  /** Gets what it prints; the command waits for it. Nobody does when it is left out. */
  readonly onOutput?: (data: Uint8Array) => Promise<void>;
  /** False when nobody reads its standard output: it may then be of any length. */
  readonly keepStdout?: boolean;
  /** What it means that the command fails: `prepare_failed` of one that a node is about. Default `host`: it is pikaci's own. */
  readonly failure?: 'prepare_failed' | 'host';
}

/** Runs a command that has to succeed; its standard output comes back. A failure carries the end of what it said. */
export async function runCommand(
  shell: RemoteShell,
  command: Command,
  { purpose, timeoutSecs, signal, onOutput, keepStdout = true, failure = 'host' }: RunCommandOptions,
): Promise<Result<Uint8Array, JobFault>> {
  using timeout = awakeTimeout(timeoutSecs * 1000);
  let stderr = '';
  const failed = (kind: JobFault['kind'], message: string): JobFault => {
    const tail = stderr.trim() === '' ? '' : `:\n${stderr.trim()}`;
    return { kind, phase: null, host: shell.host, message: `${purpose}: ${message}${tail}` };
  };
  /** What the shell calls aborted is the caller's doing, or the bound's. */
  const broken = (fault: ShellFault): JobFault => {
    if (signal.aborted) return { ...failed('cancelled', whyAborted(signal)), cause: fault };
    if (timeout.signal.aborted) return failed(failure, `not done within ${timeoutSecs} s`);
    const kind = fault.kind === 'invalid_command' ? failure : 'host';
    return { ...failed(kind, fault.message), cause: fault };
  };
  const spawned = await shell.spawn(command, { signal: AbortSignal.any([signal, timeout.signal]) });
  if (spawned.isErr()) return err(broken(spawned.error));
  await using running = spawned.value;
  const stdout: Uint8Array[] = [];
  let length = 0;
  const decoder = new TextDecoder();
  for await (const { stream, data } of running.output) {
    await onOutput?.(data);
    if (stream === 'stdout' && keepStdout) {
      length += data.length;
      if (length <= MOST_STDOUT) stdout.push(data);
    }
    stderr = (stderr + decoder.decode(data, { stream: true })).slice(-MESSAGE_TAIL);
  }
  const exit = await running.exit;
  if (exit.isErr()) return err(broken(exit.error));
  const { code, signal: killer } = exit.value;
  if (code === 0 && length <= MOST_STDOUT) return ok(Buffer.concat(stdout));
  if (code === 0) return err(failed(failure, `printed more than ${MOST_STDOUT} bytes`));
  const how = code === null ? `ended by ${killer}` : `ended with ${code}`;
  return err(failed(failure, `${command.argv[0]} ${how}`));
}

function whyAborted({ reason }: AbortSignal): string {
  return typeof reason === 'string' ? `cancelled: ${reason}` : 'cancelled by the caller';
}
