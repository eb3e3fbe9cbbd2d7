import { randomBytes } from 'node:crypto';
import { err, ok, type Result } from 'neverthrow';
import type { CallOptions, Command, ShellFault } from '../../ports/remote-shell.js';
import { bounded } from '../../streams/bounded.js';
import { commandProblem } from '../../streams/command-check.js';
import { shellFault } from '../../streams/shell-fault.js';
import { ChannelTap } from './channel-tap.js';
import { commandLine, MAX_COMMAND_LINE_BYTES } from './command-line.js';
import type { Ssh2Connection } from './connection.js';
import type { SshLink } from './link.js';
import { faultOfLink } from './link-fault.js';
import { killCommand } from './process-kill.js';
import { requestSession } from './session-request.js';
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
  const release = await connection.sessions.take(signal);
  if (release === null) return fail('aborted', 'cancelled while waiting for a free session');
  const link = await connection.link(options);
  if (link.isErr()) {
    release();
    return err(link.error);
  }
  const opening = requestSession<ChannelTap>(link.value, (client, answer) =>
    // Tapped at once: see there.
    client.exec(line, (error, channel) =>
      error ? answer(error, undefined as never) : answer(null, new ChannelTap(channel)),
    ),
  );
  const opened = await bounded(opening, { ms: connection.timing.startMs, signal });
  if (opened === 'aborted' || opened === 'timed_out') {
    void abandon(connection, link.value, token, opening).finally(release);
    return opened === 'aborted'
      ? fail('aborted', 'cancelled while the command was being started')
      : fail('spawn_failed', `the host opened no session within ${connection.timing.startMs} ms`);
  }
  if (opened.isErr()) {
    release();
    return err(faultOfLink(opened.error, { host: connection.host, tried }));
  }
  const tap = opened.value;
  const start = await awaitStart({ link: link.value, tap, token, ms: connection.timing.startMs, signal });
  if ('problem' in start) {
    void abandon(connection, link.value, token, opening).finally(release);
    return fail(start.problem, start.message);
  }
  return ok({ link: link.value, tap, token, pid: start.pid, tried, release });
}

/** Ends a command whose start nobody waits for any more. */
async function abandon(
  connection: Ssh2Connection,
  link: SshLink,
  token: string,
  opening: Promise<Result<ChannelTap, unknown>>,
): Promise<void> {
  const opened = await opening;
  if (opened.isErr()) return;
  // Read on and dropped, or the channel would never report that it is closed.
  opened.value.attach({ data: () => {}, changed: () => {} });
  await killCommand({ connection, link, token, pid: null });
  opened.value.channel.close();
}
