import { randomBytes } from 'node:crypto';
import { err, ok, type Result } from 'neverthrow';
import type { CallOptions, Command, ShellFault } from '../../ports/remote-shell.js';
import { commandProblem } from '../../streams/command-check.js';
import { shellFault } from '../../streams/shell-fault.js';
import { ChannelTap } from './channel-tap.js';
import { commandLine, MAX_COMMAND_LINE_BYTES } from './command-line.js';
import type { Ssh2Connection } from './connection.js';
import type { SshLink } from './link.js';
import { openSession } from './open-session.js';
import { killCommand } from './process-kill.js';
import { awaitStart } from './start-wait.js';

/** A command that has started on a session channel; its output waits in the tap. */
export interface ExecChannel {
  readonly link: SshLink;
  readonly tap: ChannelTap;
  readonly token: string;
  readonly pid: number;
  readonly tried: string;
  /** Gives the session's place back; call it when the channel is closed. */
  readonly release: () => void;
}

/** Starts a command on a channel of its own. Its owner reads both outputs and releases the place. */
export async function openExecChannel(
  connection: Ssh2Connection,
  command: Command,
  options: CallOptions = {},
): Promise<Result<ExecChannel, ShellFault>> {
  const { signal } = options;
  const tried = `run ${command.argv[0]}`;
  const fail = (kind: Parameters<typeof shellFault>[0], message: string) =>
    err(shellFault(kind, { host: connection.host, tried }, message));
  const problem = commandProblem(command);
  if (problem !== null) return fail('invalid_command', problem);
  const token = randomBytes(12).toString('hex');
  const line = commandLine(command, token);
  if (Buffer.byteLength(line) > MAX_COMMAND_LINE_BYTES) {
    return fail(
      'invalid_command',
      'the command line is longer than 128 KiB; hand the data in on standard input',
    );
  }
  const opened = await openSession<ChannelTap>(
    connection,
    // Tapped at once: see there.
    (client, answer) =>
      client.exec(line, (error, channel) =>
        error ? answer(error, undefined as never) : answer(null, new ChannelTap(channel)),
      ),
    { ...options, tried, late: (tap, link) => abandon(connection, link, token, tap) },
  );
  if (opened.isErr()) {
    if (opened.error === 'aborted') return fail('aborted', 'cancelled while the command was being started');
    if (opened.error === 'timed_out')
      return fail('spawn_failed', `the host opened no session within ${connection.timing.startMs} ms`);
    return err(opened.error);
  }
  const { link, channel: tap, release } = opened.value;
  const start = await awaitStart({ link, tap, token, ms: connection.timing.startMs, signal });
  if ('problem' in start) {
    void abandon(connection, link, token, tap).finally(release);
    return fail(start.problem, start.message);
  }
  return ok({ link, tap, token, pid: start.pid, tried, release });
}

/** Ends a command whose start nobody waits for any more. */
async function abandon(
  connection: Ssh2Connection,
  link: SshLink,
  token: string,
  tap: ChannelTap,
): Promise<void> {
  // Read on and dropped, or the channel would never report that it is closed.
  tap.attach({ data: () => {}, changed: () => {} });
  await killCommand({ connection, link, token, pid: null });
  tap.channel.close();
}
